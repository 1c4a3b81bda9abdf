"""What commands get from the running console: the data of a reply, narrowed, or its error.

Owns reading replies, not what is shown of them.
"""

from __future__ import annotations

from wxauto_mgt.api.replies import JSON, Fields


class CallRefused(Exception):
    """The console, or the way to it, said no; the sentence says why in the operator's language."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def data_of(reply: Fields) -> JSON:
    """Return a reply's data.

    Raises:
        CallRefused: there is none.
    """
    if reply.get("success") is not True:
        raise CallRefused(str(reply.get("error") or "?"))
    return reply.get("data")


def fields_of(value: JSON) -> Fields:
    """Return an object of a reply, empty where there is none."""
    return value if isinstance(value, dict) else {}


def rows_of(value: JSON) -> list[Fields]:
    """Return the objects of a list in a reply."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
