"""Columns of the messages. Called by the messages page."""

from __future__ import annotations

from wxauto_mgt.core.messages.browser import MessageLine
from wxauto_mgt.core.messages.model import Message
from wxauto_mgt.ui.pages.messages.view_model import SHOWN, MessagesViewModel
from wxauto_mgt.ui.pages.messages.wording import outcome_of
from wxauto_mgt.ui.widgets.row_model import Cell, Column, RowModel
from wxauto_mgt.ui.words import Words


class MessageModel(RowModel[MessageLine]):
    """Messages, newest first."""

    def __init__(self, words: Words, view_model: MessagesViewModel) -> None:
        columns = (
            Column[MessageLine](words("messages.column_time"), lambda line: _time(words, line.message), 78),
            Column[MessageLine](
                words("messages.column_chat"), lambda line: _chat(view_model, line.message), 112
            ),
            Column[MessageLine](words("messages.column_sender"), lambda line: _sender(line.message), 84),
            Column[MessageLine](words("messages.column_content"), lambda line: _content(line.message)),
            Column[MessageLine](words("messages.column_state"), lambda line: _state(words, line), 142),
        )
        super().__init__(columns, lambda line: line.message.id, cap=SHOWN)


def _time(words: Words, message: Message) -> Cell:
    return Cell(words.time(message.received_at), tip=words.moment(message.received_at))


def _chat(view_model: MessagesViewModel, message: Message) -> Cell:
    return Cell(message.chat, tip=f"{message.chat} · {view_model.instance_name(message.instance_id)}")


def _sender(message: Message) -> Cell:
    return Cell(message.sender_remark or message.sender, tip=message.sender)


def _content(message: Message) -> Cell:
    return Cell(one_line(message.content), tip=message.content)


def _state(words: Words, line: MessageLine) -> Cell:
    """What a person wants to know first: once there is a reply, what became of that."""
    tone, text = outcome_of(words, line)
    return Cell(text, tone, line.reply.text if line.reply is not None else "")


def one_line(text: str) -> str:
    """A text without its line breaks, short enough to lay out quickly."""
    return " ".join(text[:400].split())
