"""`token create|list|revoke`: who may use the local HTTP API. A token is shown once, when it is made."""

from __future__ import annotations

from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.cli.asking import data_of, fields_of, rows_of
from wxauto_mgt.cli.commands import CreateToken, RevokeToken
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.cli.values import Values


class TokenCommands:
    """The commands, answered by one console."""

    def __init__(self, *, api: MonitorAPI, terminal: Terminal) -> None:
        self._api = api
        self._terminal = terminal
        self._values = Values(terminal.catalogue)

    async def create(self, command: CreateToken) -> ExitStatus:
        """Make a token; it alone goes to standard output, so that a script can take it."""
        reply = await self._api.create_token(command.name, command.scope, command.expires_in_s)
        made = fields_of(data_of(reply))
        if self._terminal.as_json:
            self._terminal.print_json(made)
        else:
            self._terminal.print(str(made["token"]))
            self._terminal.complain("cli.token_made", name=command.name, scope=command.scope)
        return ExitStatus.OK

    async def list_all(self) -> ExitStatus:
        """List the tokens, never their values."""
        tokens = rows_of(data_of(await self._api.list_tokens()))
        if self._terminal.as_json:
            self._terminal.print_json([*tokens])
            return ExitStatus.OK
        if not tokens:
            self._terminal.say("cli.no_tokens")
            return ExitStatus.OK
        values = self._values
        self._terminal.print_table(
            ("name", "scope", "prefix", "created", "expires", "last_used"),
            [
                (
                    values.text(token["name"]),
                    values.text(token["scope"]),
                    values.text(token["prefix"]),
                    values.moment(token["created_at"]),
                    values.moment(token["expires_at"]),
                    values.moment(token["last_used_at"]),
                )
                for token in tokens
            ],
        )
        return ExitStatus.OK

    async def revoke(self, command: RevokeToken) -> ExitStatus:
        """Make a token useless at once."""
        revoked = fields_of(data_of(await self._api.revoke_token(command.name)))
        if self._terminal.as_json:
            self._terminal.print_json(revoked)
        else:
            self._terminal.say("cli.token_revoked", name=command.name)
        return ExitStatus.OK
