"""A mail server on loopback: takes what RFC 5321 lets it take, refuses what a test scripted."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default


@dataclass
class Mail:
    """One mail as the server took it."""

    sender: str
    recipients: list[str]
    message: Message

    @property
    def text(self) -> str:
        part = self.message
        while part.is_multipart():
            first = part.get_payload(0)
            assert isinstance(first, Message)
            part = first
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        return payload.decode().replace("\r\n", "\n")


@dataclass
class FakeSmtp:
    """Takes mails of one account.

    Attributes:
        refused: recipients that it does not know.
    """

    account: tuple[str, str] = ("ops", "pass-0123456789")
    refused: set[str] = field(default_factory=set)
    mails: list[Mail] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender, recipients, is_known = "", list[str](), False
        writer.write(b"220 loopback\r\n")
        while line := (await reader.readline()).decode().strip():
            verb = line.split(" ", 1)[0].upper()
            if verb == "EHLO":
                answer = "250-loopback\r\n250 AUTH PLAIN"
            elif verb == "AUTH":
                _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                is_known = (user, password) == self.account
                answer = "235 welcome" if is_known else "535 who are you"
            elif verb == "MAIL":
                sender = _address(line)
                answer = "250 ok" if is_known else "530 authenticate first"
            elif verb == "RCPT":
                recipient = _address(line)
                recipients.append(recipient)
                answer = "550 no such user" if recipient in self.refused else "250 ok"
            elif verb == "DATA":
                writer.write(b"354 go on\r\n")
                raw = (await reader.readuntil(b"\r\n.\r\n"))[:-5]
                self.mails.append(Mail(sender, recipients, message_from_bytes(raw, policy=default)))
                recipients, answer = [], "250 taken"
            elif verb == "QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                answer = "250 ok"
            writer.write(answer.encode() + b"\r\n")
        writer.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FakeSmtp]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()


def _address(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]
