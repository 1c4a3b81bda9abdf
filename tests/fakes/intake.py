"""An intake that remembers what it committed, and can be told to fail."""

from __future__ import annotations

from wxauto_mgt.core.wire import Channel, ReadBatch


class RecordingIntake:
    """Stands in for `listening.intake.Intake` where no database matters.

    Attributes:
        batches: what was committed, in order.
        error: raised by each commit while it is set.
        attempts: commits tried.
    """

    def __init__(self) -> None:
        self.batches: list[ReadBatch] = []
        self.error: Exception | None = None
        self.attempts = 0

    async def commit(self, batch: ReadBatch) -> None:
        self.attempts += 1
        if self.error is not None:
            raise self.error
        self.batches.append(batch)

    def texts(self, instance_id: str | None = None, channel: Channel | None = None) -> list[str]:
        """Contents of all committed rows, in order of their commit."""
        return [
            row.content
            for batch in self.batches
            if (instance_id is None or batch.instance_id == instance_id)
            and (channel is None or batch.channel is channel)
            for chat in batch.chats
            for row in chat.rows
        ]
