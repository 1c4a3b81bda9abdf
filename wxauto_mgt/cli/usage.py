"""What argparse says, in words of the catalogue: headings of help, and why a command line makes no sense.

Knows argparse's English sentences. One that it does not know is told as it is.
"""

from __future__ import annotations

import argparse
import re
from functools import partial
from typing import Final

from wxauto_mgt.texts.catalogue import Catalogue

_HEADINGS: Final = {"positional arguments": "cli.heading.arguments", "options": "cli.heading.options"}
_SENTENCES: Final = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (r"argument (?P<name>.+?): invalid choice: (?P<value>.+?) \(choose from (?P<all>.+)\)", "choice"),
        (r"argument (?P<name>.+?): invalid \w+ value: (?P<value>.+)", "value"),
        (r"argument (?P<name>.+?): expected one argument", "no_value"),
        (r"argument (?P<name>.+?): not allowed with argument (?P<other>.+)", "not_both"),
        (r"the following arguments are required: (?P<names>.+)", "required"),
        (r"unrecognized arguments: (?P<words>.+)", "unknown"),
    )
)


def in_words(detail: str, catalogue: Catalogue) -> str:
    """Say one of argparse's sentences in the operator's language."""
    for pattern, key in _SENTENCES:
        found = pattern.fullmatch(detail)
        if found is not None:
            return catalogue.text(f"cli.usage.{key}", **found.groupdict())
    return detail


class HelpFormatter(argparse.HelpFormatter):
    """Argparse's own layout under headings of the catalogue."""

    def __init__(self, prog: str, *, catalogue: Catalogue) -> None:
        super().__init__(prog)
        self._catalogue = catalogue

    def add_usage(self, usage, actions, groups, prefix=None):  # type: ignore[no-untyped-def]
        """Begin with the heading of the catalogue."""
        heading = self._catalogue.text("cli.heading.usage")
        super().add_usage(usage, actions, groups, heading if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        """Give argparse's own groups a heading of the catalogue."""
        key = _HEADINGS.get(heading or "")
        super().start_section(heading if key is None else self._catalogue.text(key))


def formatter(catalogue: Catalogue) -> partial[HelpFormatter]:
    """Return what parsers take as their formatter."""
    return partial(HelpFormatter, catalogue=catalogue)
