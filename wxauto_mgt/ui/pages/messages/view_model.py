"""What the messages page shows: rows as they change, and everything known about one of them.

Owns filter, paging and words; the browser reads and acts, the rules explain. Called by the messages page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from wxauto_mgt.core.messages.browser import MessageDetail, MessageFilter, MessageLine
from wxauto_mgt.core.messages.model import (
    Message,
    MessagesStored,
    MessageState,
    MessageStateChanged,
    Reply,
    ReplyState,
    ReplyStateChanged,
    TimelineEntry,
)
from wxauto_mgt.core.rules.facts import MessageFacts
from wxauto_mgt.core.rules.matcher import RuleSet, RuleVerdict
from wxauto_mgt.core.rules.model import RuleConfig
from wxauto_mgt.core.wire import ChatKind, Origin
from wxauto_mgt.ui.config_editing import WHO, ConfigEditing
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.words import NOT_MEASURED, Words

PAGE = 100
SHOWN = 3000


class Browser(Protocol):
    """What the page needs of the message browser."""

    async def page(
        self, shown: MessageFilter, *, before_id: int | None = None, limit: int = PAGE
    ) -> tuple[MessageLine, ...]:
        """Newest first."""

    async def detail(self, message_id: int) -> MessageDetail | None:
        """One message."""

    async def replay(self, message_id: int, *, who: str) -> None:
        """Try a dead letter again."""

    async def discard(self, message_id: int, *, who: str) -> None:
        """Leave it."""

    async def release(self, message_id: int, *, who: str) -> None:
        """Deliver a held message."""

    async def settle_reply(self, reply_id: int, *, was_sent: bool, who: str) -> None:
        """Say what became of a reply."""


STATE_TONES = {
    MessageState.QUEUED: Tone.INFO,
    MessageState.DELIVERING: Tone.INFO,
    MessageState.DONE: Tone.OK,
    MessageState.FILTERED: Tone.NEUTRAL,
    MessageState.UNMATCHED: Tone.NEUTRAL,
    MessageState.HELD: Tone.WARNING,
    MessageState.DEAD: Tone.CRITICAL,
}
REPLY_TONES = {
    ReplyState.PENDING: Tone.INFO,
    ReplyState.SENDING: Tone.INFO,
    ReplyState.CONFIRMED: Tone.OK,
    ReplyState.UNCONFIRMED: Tone.WARNING,
    ReplyState.FAILED: Tone.CRITICAL,
    ReplyState.UNKNOWN: Tone.WARNING,
}


class View(StrEnum):
    """What the operator wants to look at."""

    ALL = "all"
    OPEN = "open"
    DONE = "done"
    LEFT = "left"
    HELD = "held"
    DEAD = "dead"

    def filter(self, text: str) -> MessageFilter:
        """What the browser is asked for."""
        return MessageFilter(
            states=_STATES.get(self, ()),
            text=text,
            only_people=True,
            open_dead_letters=self is View.DEAD,
        )


_STATES = {
    View.OPEN: (MessageState.QUEUED, MessageState.DELIVERING),
    View.DONE: (MessageState.DONE,),
    View.LEFT: (MessageState.FILTERED, MessageState.UNMATCHED),
    View.HELD: (MessageState.HELD,),
}
# Facts of the timeline that are symbols, and where their words stand.
_WORD_AREAS = (("route", "channel"), ("channel", "channel"), ("by", "settled_by"), ("who", "messages.who"))
# Where the sentence of a symbolic reason may stand; a reason is unique over all of them.
_REASON_AREAS = ("message_reason", "send_reason", "error", "problem")


@dataclass(frozen=True)
class ReplyLine:
    """One reply as the page shows it.

    Attributes:
        can_be_settled: whether a person may say what became of it.
    """

    id: int
    text: str
    tone: Tone
    state: str
    note: str
    can_be_settled: bool


@dataclass(frozen=True)
class RuleLine:
    """Why one rule did or did not match."""

    rule: str
    tone: Tone
    sentence: str


@dataclass(frozen=True)
class DetailView:
    """Everything about one message, in words."""

    message: Message
    tone: Tone
    state: str
    reason: str
    facts: str
    replies: tuple[ReplyLine, ...]
    timeline: tuple[tuple[str, str], ...]
    rules: tuple[RuleLine, ...]
    can_replay: bool
    can_discard: bool
    can_release: bool


"""Which actions make sense; the browser refuses the others."""


# Rows keep a reason's code, not its facts; a sentence that names one shows a dash there.
_UNKEPT_FACTS = dict.fromkeys(
    ("status", "cause", "upstream_code", "limit_bytes", "name", "type", "channels", "instance"), NOT_MEASURED
)

Found = tuple[MessageFilter, tuple[MessageLine, ...]]
"""What was asked for, and what was found."""


class MessagesViewModel(QObject):
    """The messages.

    Signals:
        changed: `rows` differ.
        detail_changed: `detail` differs.
    """

    changed = Signal()
    detail_changed = Signal()

    def __init__(self, backstage: Backstage, *, browser: Browser, editing: ConfigEditing) -> None:
        super().__init__()
        self._words = backstage.words
        self._browser = browser
        self._editing = editing
        self._is_active = False
        self.view = View.ALL
        self.text = ""
        self.rows: tuple[MessageLine, ...] = ()
        self.has_more = False
        self._shown_filter = self._filter()
        self.selected: int | None = None
        self.detail: DetailView | None = None
        commands = backstage.commands
        self._newest = commands.reader(self, "messages", self._read_newest)
        self._newest.succeeded.connect(self._take_newest)
        self._older = commands.command(self, "older_messages", self._read_older)
        self._older.succeeded.connect(self._take_older)
        self._details = commands.reader(self, "message", self._read_detail)
        self._details.succeeded.connect(self._take_detail)
        self.replay = commands.command(self, "replay", self._replay)
        self.discard = commands.command(self, "discard", self._discard)
        self.release = commands.command(self, "release", self._release)
        self.settle = commands.command(self, "settle", self._settle)
        for command in (self.replay, self.discard, self.release, self.settle):
            command.succeeded.connect(self._after_action)
        events = (MessagesStored, MessageStateChanged, ReplyStateChanged)
        backstage.bridge.inbox(self, *events).arrived.connect(self._take_events)

    def set_active(self, *, is_active: bool) -> None:
        """Read while the page is seen."""
        self._is_active = is_active
        if is_active:
            self.refresh()

    def refresh(self, _: object = None) -> None:
        """Read the newest rows and the open message again."""
        self._newest.refresh()
        if self.selected is not None:
            self._details.refresh()

    def set_filter(self, *, view: View, text: str) -> None:
        """Show other rows."""
        if (view, text) != (self.view, self.text):
            self.view, self.text = view, text
            self._newest.refresh()

    def load_more(self) -> None:
        """Read the rows before the oldest one shown."""
        if self.has_more and self.rows and len(self.rows) < SHOWN:
            self._older.start()

    def select(self, message_id: int | None) -> None:
        """Open a message, or none."""
        if message_id != self.selected:
            self.selected = message_id
            if message_id is None:
                self._take_detail(None)
            else:
                self._details.refresh()

    def platform_name(self, platform_id: str | None) -> str:
        """What people call a platform."""
        return self._name("platform", platform_id)

    def instance_name(self, instance_id: str) -> str:
        """What people call an instance."""
        return self._name("instance", instance_id)

    def _take_events(self, events: list[object]) -> None:
        if not self._is_active:
            return
        self._newest.refresh()
        touched = {getattr(event, "message_id", None) for event in events}
        if self.selected is not None and self.selected in touched:
            self._details.refresh()

    async def _read_newest(self) -> Found:
        wanted = self._filter()
        return wanted, await self._browser.page(wanted, before_id=None, limit=PAGE)

    async def _read_older(self) -> Found:
        wanted = self._filter()
        return wanted, await self._browser.page(wanted, before_id=self.rows[-1].message.id, limit=PAGE)

    def _filter(self) -> MessageFilter:
        return self.view.filter(self.text)

    def _take_newest(self, found: Found) -> None:
        wanted, newest = found
        if wanted != self._filter():
            return
        older: tuple[MessageLine, ...] = ()
        if wanted == self._shown_filter and len(newest) == PAGE:
            older = tuple(row for row in self.rows if row.message.id < newest[-1].message.id)
        if not older:
            self.has_more = len(newest) == PAGE
        self._shown_filter = wanted
        self._show((*newest, *older)[:SHOWN])

    def _take_older(self, found: Found) -> None:
        wanted, older = found
        if wanted == self._shown_filter:
            self.has_more = len(older) == PAGE
            known = {row.message.id for row in self.rows}
            self._show((*self.rows, *(row for row in older if row.message.id not in known)))

    def _show(self, rows: tuple[MessageLine, ...]) -> None:
        if rows != self.rows:
            self.rows = rows
            self.changed.emit()

    async def _read_detail(self) -> MessageDetail | None:
        return None if self.selected is None else await self._browser.detail(self.selected)

    def _take_detail(self, found: MessageDetail | None) -> None:
        if found is not None and found.message.id != self.selected:
            return
        detail = None if found is None else self._describe(found)
        if detail != self.detail:
            self.detail = detail
            self.detail_changed.emit()

    async def _replay(self, message_id: int) -> None:
        await self._browser.replay(message_id, who=WHO)

    async def _discard(self, message_id: int) -> None:
        await self._browser.discard(message_id, who=WHO)

    async def _release(self, message_id: int) -> None:
        await self._browser.release(message_id, who=WHO)

    async def _settle(self, reply_id: int, was_sent: bool) -> None:
        await self._browser.settle_reply(reply_id, was_sent=was_sent, who=WHO)

    def _after_action(self, _: object) -> None:
        self.refresh()

    def _describe(self, found: MessageDetail) -> DetailView:
        words, message = self._words, found.message
        is_stuck = message.state is MessageState.DEAD and not message.is_discarded
        return DetailView(
            message=message,
            tone=tone_of(message),
            state=state_word(words, message),
            reason=self._reason(message.reason, message) if message.reason else "",
            facts=self._facts(message),
            replies=tuple(self._reply(reply) for reply in found.replies),
            timeline=tuple(self._step(entry) for entry in found.timeline),
            rules=self._rules(found),
            can_replay=is_stuck,
            can_discard=is_stuck or message.state is MessageState.HELD,
            can_release=message.state is MessageState.HELD,
        )

    def _facts(self, message: Message) -> str:
        parts = [self.instance_name(message.instance_id), self._words.moment(message.received_at)]
        if message.rule_id is not None:
            parts.append(self._words("messages.by_rule", rule=self._name("rule", message.rule_id)))
        if message.platform_id is not None:
            parts.append(
                self._words("messages.by_platform", platform=self.platform_name(message.platform_id))
            )
        return " · ".join(parts)

    def _reply(self, reply: Reply) -> ReplyLine:
        words = self._words
        notes = [words.time(reply.sent_at)] if reply.sent_at is not None else []
        if reply.reason:
            notes.append(self._reason(reply.reason))
        return ReplyLine(
            id=reply.id,
            text=f"@{reply.at_name} {reply.text}" if reply.at_name else reply.text,
            tone=REPLY_TONES[reply.state],
            state=words(f"reply_state.{reply.state}"),
            note=" · ".join(notes),
            can_be_settled=reply.state.can_be_settled,
        )

    def _step(self, entry: TimelineEntry) -> tuple[str, str]:
        params: dict[str, object] = dict(entry.params)
        for name, kind in (("rule", "rule"), ("platform", "platform")):
            if isinstance(found := params.get(name), str):
                params[name] = self._name(kind, found)
        if isinstance(reason := params.get("reason"), str):
            params["reason"] = self._reason(reason)
        for name, area in _WORD_AREAS:
            if isinstance(found := params.get(name), str) and self._words.has(f"{area}.{found}"):
                params[name] = self._words(f"{area}.{found}")
        return self._words.time(entry.at), self._words(f"timeline.{entry.step}", **params)

    def _reason(self, code: str, message: Message | None = None) -> str:
        keys = (f"{area}.{code}" for area in _REASON_AREAS)
        key = next((key for key in keys if self._words.has(key)), f"message_reason.{code}")
        platform = self.platform_name(message.platform_id) if message is not None else NOT_MEASURED
        return self._words(key, **{**_UNKEPT_FACTS, "platform": platform or NOT_MEASURED})

    def _rules(self, found: MessageDetail) -> tuple[RuleLine, ...]:
        message = found.message
        if message.origin is not Origin.OTHER:
            return ()
        rules: Mapping[str, RuleConfig] = self._editing.snapshot.objects("rule")
        facts = MessageFacts(
            instance_id=message.instance_id,
            chat=message.chat,
            chat_kind=ChatKind.UNKNOWN,
            sender=message.sender,
            content=message.content,
            kind=message.kind,
        )
        return tuple(self._verdict(verdict) for verdict in RuleSet(rules.values()).explain(facts))

    def _verdict(self, verdict: RuleVerdict) -> RuleLine:
        params = dict(verdict.params)
        if isinstance(rule := params.get("rule"), str):
            params["rule"] = self._name("rule", rule)
        return RuleLine(
            rule=self._name("rule", verdict.rule_id),
            tone=Tone.OK if verdict.matched else Tone.NEUTRAL,
            sentence=self._words.reason("rule_verdict", verdict.reason.value, params),
        )

    def _name(self, kind: str, object_id: str | None) -> str:
        if object_id is None:
            return ""
        thing = self._editing.snapshot.candidate.objects(kind).get(object_id)
        return str(getattr(thing, "name", "") or object_id)


def tone_of(message: Message) -> Tone:
    """The tone of a message's state; a discarded dead letter is settled."""
    return Tone.NEUTRAL if message.is_discarded else STATE_TONES[message.state]


def state_word(words: Words, message: Message) -> str:
    """The state in one word."""
    if message.is_discarded:
        return words("messages.state_discarded")
    return words(f"message_state.{message.state}")


def outcome_of(words: Words, line: MessageLine) -> tuple[Tone, str]:
    """What became of a message in one word: of its reply where it has one, else of itself."""
    message, reply = line.message, line.reply
    if message.state is MessageState.DONE and reply is None:
        return Tone.NEUTRAL, words("messages.done_without_reply")
    if message.state in (MessageState.DONE, MessageState.DELIVERING) and reply is not None:
        return REPLY_TONES[reply.state], words(f"reply_state.{reply.state}")
    return tone_of(message), state_word(words, message)
