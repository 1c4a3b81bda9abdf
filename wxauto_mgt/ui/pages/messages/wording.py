"""What is known of a message, put into words: state, reasons, history, and what each rule says to it.

Owns wording only. Called by the messages view-model and table model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wxauto_mgt.core.messages.browser import MessageDetail, MessageLine
from wxauto_mgt.core.messages.model import Message, MessageState, Reply, ReplyState, TimelineEntry
from wxauto_mgt.core.rules.facts import MessageFacts
from wxauto_mgt.core.rules.matcher import RuleSet, RuleVerdict
from wxauto_mgt.core.rules.model import RuleConfig
from wxauto_mgt.core.wire import Origin
from wxauto_mgt.ui.config_editing import ConfigEditing
from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.words import Words

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


class MessageWording:
    """Describes messages in the language in force and by the names that people gave things."""

    def __init__(self, words: Words, editing: ConfigEditing) -> None:
        self._words = words
        self._editing = editing

    def describe(self, found: MessageDetail) -> DetailView:
        """Everything about one message."""
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
        parts = [self.name_of("instance", message.instance_id), self._words.moment(message.received_at)]
        if message.rule_id is not None:
            parts.append(self._words("messages.by_rule", rule=self.name_of("rule", message.rule_id)))
        if message.platform_id is not None:
            parts.append(
                self._words("messages.by_platform", platform=self.name_of("platform", message.platform_id))
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
                params[name] = self.name_of(kind, found)
        if isinstance(reason := params.get("reason"), str):
            params["reason"] = self._reason(reason)
        for name, area in _WORD_AREAS:
            if isinstance(found := params.get(name), str) and self._words.has(f"{area}.{found}"):
                params[name] = self._words(f"{area}.{found}")
        return self._words.time(entry.at), self._words(f"timeline.{entry.step}", **params)

    def _reason(self, code: str, message: Message | None = None) -> str:
        keys = (f"{area}.{code}" for area in _REASON_AREAS)
        key = next((key for key in keys if self._words.has(key)), f"message_reason.{code}")
        # Rows keep a reason's code, not its facts; the sentence without them stands in.
        platform = self.name_of("platform", message.platform_id) if message is not None else ""
        return self._words(key, **({"platform": platform} if platform else {}))

    def _rules(self, found: MessageDetail) -> tuple[RuleLine, ...]:
        message = found.message
        if message.origin is not Origin.OTHER:
            return ()
        rules: Mapping[str, RuleConfig] = self._editing.snapshot.objects("rule")
        facts = MessageFacts(
            instance_id=message.instance_id,
            chat=message.chat,
            chat_kind=message.chat_kind,
            sender=message.sender,
            content=message.content,
            kind=message.kind,
        )
        return tuple(self._verdict(verdict) for verdict in RuleSet(rules.values()).explain(facts))

    def _verdict(self, verdict: RuleVerdict) -> RuleLine:
        params = dict(verdict.params)
        if isinstance(rule := params.get("rule"), str):
            params["rule"] = self.name_of("rule", rule)
        return RuleLine(
            rule=self.name_of("rule", verdict.rule_id),
            tone=Tone.OK if verdict.matched else Tone.NEUTRAL,
            sentence=self._words.reason("rule_verdict", verdict.reason.value, params),
        )

    def name_of(self, kind: str, object_id: str | None) -> str:
        """What people call an object; its id when it has no name or is gone."""
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
