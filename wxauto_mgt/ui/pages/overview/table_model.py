"""Columns of the recent errors. Called by the overview page."""

from __future__ import annotations

from wxauto_mgt.core.monitoring.error_episodes import ErrorEpisode
from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.widgets.row_model import Cell, Column, RowModel
from wxauto_mgt.ui.words import Words


class ErrorModel(RowModel[ErrorEpisode]):
    """Recent errors, newest first."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[ErrorEpisode](
                words("overview.error_time"),
                lambda e: Cell(words.time(e.last_at), tip=words.moment(e.last_at)),
                84,
            ),
            Column[ErrorEpisode](words("overview.error_state"), lambda e: _state(words, e), 104),
            Column[ErrorEpisode](words("overview.error_where"), lambda e: Cell(e.instance_id or ""), 110),
            Column[ErrorEpisode](words("overview.error_what"), lambda e: Cell(error_sentence(words, e))),
            Column[ErrorEpisode](
                words("overview.error_count"), lambda e: Cell(str(e.occurrences)), 64, is_number=True
            ),
        )
        super().__init__(columns, lambda e: e.id, cap=200)


def error_sentence(words: Words, episode: ErrorEpisode) -> str:
    """What failed, and why, as one line."""
    operation = words(f"operation.{episode.operation}")
    cause = words.reason("error", episode.cause_code, episode.params)
    return words("overview.error_sentence", operation=operation, cause=cause)


def _state(words: Words, episode: ErrorEpisode) -> Cell:
    if episode.cleared_at is None:
        return Cell(words("overview.error_lasting"), Tone.WARNING)
    return Cell(words("overview.error_cleared"), Tone.NEUTRAL, words.moment(episode.cleared_at))
