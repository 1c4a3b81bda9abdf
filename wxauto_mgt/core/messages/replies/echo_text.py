"""When an own row is the echo of a reply: comparison of texts. Pure; the settlement uses it."""

from __future__ import annotations

from wxauto_mgt.core.messages.identity import fold_space


def echo_text(text: str) -> str:
    """The text as it is compared: NFC, white space folded."""
    return fold_space(text)


def is_echo(shown: str, *, expected: str, at_name: str | None) -> bool:
    """Tell whether an own row shows this reply, with or without the mention that we had typed before it.

    Args:
        shown: content of the own row, as it came.
        expected: `echo_text` of the reply.
    """
    folded = fold_space(shown)
    if folded == expected:
        return True
    if at_name is None:
        return False
    mention = f"@{fold_space(at_name)}"
    return folded.startswith(mention) and folded.removeprefix(mention).strip() == expected
