"""Puts notifications into words for a channel: which texts, in which order, with its own templates.

The sentences come from the catalogue, which the composition root hands in; core does not import it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from wxauto_mgt.core.notifications.contract import Notice
from wxauto_mgt.core.notifications.model import Notification, NotificationKind, NotificationLevel
from wxauto_mgt.core.notifications.section import ChannelConfig, ChannelLanguage
from wxauto_mgt.core.notifications.templates import fill

MAX_TITLE_CHARS: Final = 200
MAX_TEXT_CHARS: Final = 6_000
LISTED_IN_GROUP: Final = 10


class Texts(Protocol):
    """The catalogue of one language."""

    def has(self, key: str) -> bool:
        """Whether a text exists."""
        ...

    def text(self, key: str, /, **params: object) -> str:
        """Render one text."""
        ...

    def moment(self, instant: datetime) -> str:
        """Render date and time."""
        ...


class Wording:
    """Words for notices.

    Args:
        texts: the catalogue of each language; `auto` is the console's own.
    """

    def __init__(self, *, texts: Callable[[ChannelLanguage], Texts]) -> None:
        self._texts = texts

    def notice(self, notice_id: str, notification: Notification, channel: ChannelConfig) -> Notice:
        """Words for one notification."""
        texts = self._texts(channel.language)
        fields = self._fields(notification, texts)
        title = (
            fill(channel.title_template, fields)
            if channel.title_template
            else texts.text(f"notification.subject.{notification.kind}", **_named(fields))
        )
        text = (
            fill(channel.message_template, fields)
            if channel.message_template
            else self._body(notification, fields, texts)
        )
        return Notice(
            id=notice_id,
            kind=notification.kind,
            level=notification.level,
            title=_one_line(title),
            text=text[:MAX_TEXT_CHARS].strip(),
            at=notification.at,
            notifications=(notification,),
        )

    def group(self, notice_id: str, notifications: Sequence[Notification], channel: ChannelConfig) -> Notice:
        """Words for many: how many of which level, then the first and the last of them by title."""
        texts = self._texts(channel.language)
        count = len(notifications)
        levels = Counter(notification.level for notification in notifications)
        summary = texts.text("notification.group.separator").join(
            texts.text(
                "notification.group.level",
                level=texts.text(f"notification.level.{level}"),
                count=levels[level],
            )
            for level in reversed(NotificationLevel)
            if levels[level]
        )
        shown = _first_and_last(notifications)
        lines = [
            texts.text(
                "notification.group.line",
                subject=self.notice("", notification, channel).title,
                time=texts.moment(notification.at),
            )
            for notification in shown
        ]
        if count > len(shown):
            lines.insert(len(shown) // 2, texts.text("notification.group.more", count=count - len(shown)))
        firing = any(notification.kind is NotificationKind.FIRING for notification in notifications)
        return Notice(
            id=notice_id,
            kind=NotificationKind.FIRING if firing else NotificationKind.RESOLVED,
            level=max((n.level for n in notifications), key=lambda level: level.rank),
            title=_one_line(texts.text("notification.group.title", count=count, summary=summary)),
            text="\n".join(lines)[:MAX_TEXT_CHARS],
            at=notifications[-1].at,
            notifications=tuple(shown),
            count=count,
        )

    def _fields(self, notification: Notification, texts: Texts) -> dict[str, object]:
        """What templates may name; our own names win over those of labels and params."""
        given: dict[str, object] = {**notification.labels, **notification.params}
        return {
            **given,
            "title": self._own(notification.title, given, texts),
            "message": self._own(notification.message, given, texts),
            "level": texts.text(f"notification.level.{notification.level}"),
            "kind": texts.text(f"notification.kind.{notification.kind}"),
            "time": texts.moment(notification.at),
            "labels": ", ".join(f"{name}={value}" for name, value in sorted(notification.labels.items())),
        }

    @staticmethod
    def _own(text: str, given: Mapping[str, object], texts: Texts) -> str:
        """A key of the catalogue, or a text that a person wrote."""
        return texts.text(text, **_named(given)) if texts.has(text) else fill(text, given)

    @staticmethod
    def _body(notification: Notification, fields: Mapping[str, object], texts: Texts) -> str:
        lines = [str(fields["message"]), texts.text("notification.body.time", time=fields["time"])]
        if notification.labels and notification.kind.may_be_grouped:
            lines.append(texts.text("notification.body.labels", labels=fields["labels"]))
        return "\n".join(line for line in lines if line)


def _named(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name.isidentifier()}


def _first_and_last(notifications: Sequence[Notification]) -> Sequence[Notification]:
    if len(notifications) <= LISTED_IN_GROUP:
        return notifications
    half = LISTED_IN_GROUP // 2
    return [*notifications[:half], *notifications[-half:]]


def _one_line(text: str) -> str:
    return " ".join(text.split())[:MAX_TITLE_CHARS]
