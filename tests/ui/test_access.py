"""The API's tokens in the window: made, seen once, copied, revoked; and whether the API can be reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from PySide6.QtGui import QGuiApplication

from tests.ui.stage import NOW, Stage, quiet_access, settle
from wxauto_mgt.core.config.model import JSON, Put
from wxauto_mgt.core.monitoring.checks.contract import CheckReport, CheckStatus, ServiceHealth
from wxauto_mgt.core.monitoring.error_episodes import ErrorEpisode
from wxauto_mgt.core.monitoring.services.names import LOGIN_PAGE
from wxauto_mgt.ui.forms.editors import TextEditor
from wxauto_mgt.ui.pages.access.panel import AccessPanel
from wxauto_mgt.ui.pages.access.view_model import AccessViewModel, Surroundings
from wxauto_mgt.ui.theme.tokens import Tone


@dataclass(frozen=True)
class Listens:
    """Where the API listens."""

    host: str = "127.0.0.1"
    url: str = "http://127.0.0.1:5080"


@dataclass
class World:
    """What tells whether the API can be reached."""

    address: Listens | None = None
    status: CheckStatus = CheckStatus.UNKNOWN
    errors: tuple[ErrorEpisode, ...] = ()

    def _report(self) -> CheckReport:
        page = ServiceHealth(LOGIN_PAGE, self.status, reason_code="http_answers")
        return CheckReport(NOW, self.status, {LOGIN_PAGE: page})

    def surroundings(self) -> Surroundings:
        return Surroundings(
            address=lambda: self.address,
            checks=lambda: CheckReport(
                NOW,
                self.status,
                {LOGIN_PAGE: ServiceHealth(LOGIN_PAGE, self.status, reason_code="http_answers")},
            ),
            errors=lambda _: self.errors,
        )


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def view_model(stage: Stage, world: World) -> AccessViewModel:
    return quiet_access(stage, world.surroundings())


@pytest.fixture
def panel(stage: Stage, view_model: AccessViewModel) -> AccessPanel:
    return AccessPanel(stage.desk, view_model)


async def test_a_token_is_made_shown_once_copied_and_revoked(stage: Stage, panel: AccessPanel) -> None:
    dialog = panel.add()
    name = dialog.form.editor("name")
    assert isinstance(name, TextEditor)
    name.line.setText("grafana")
    dialog.start_saving()
    await settle(lambda: panel.shown_token is not None)
    assert panel.shown_token is not None
    value = panel.shown_token.value.text()
    panel.shown_token.copy_button.click()
    assert QGuiApplication.clipboard().text() == value
    panel.shown_token.accept()
    await settle(lambda: panel.shown_token is None)
    (row,) = panel.model.rows
    assert (row.name, row.scope, row.state) == ("grafana", "查看", "有效")
    assert value not in "".join(str(field) for field in vars(row).values())
    panel.table.selectRow(0)
    panel.revoke_button.click()
    assert panel.question is not None
    panel.question.yes.click()
    await settle(lambda: panel.model.rowCount() == 0)
    actions = [entry.action for entry in await stage.audit.entries(limit=2)]
    assert actions == ["token.revoke", "token.create"]
    panel.deleteLater()


async def test_a_name_that_is_taken_or_missing_is_refused_in_the_form(
    panel: AccessPanel, view_model: AccessViewModel
) -> None:
    document: dict[str, JSON] = {"name": "grafana", "scope": "read", "life": "never"}
    await view_model.create(document)
    await settle(lambda: panel.shown_token is not None)
    assert panel.shown_token is not None
    panel.shown_token.accept()
    dialog = panel.add()
    dialog.start_saving()
    await settle(lambda: dialog.form.has_problems)
    name = dialog.form.editor("name")
    assert isinstance(name, TextEditor)
    name.line.setText("grafana")
    dialog.start_saving()
    await settle(lambda: "grafana" in dialog.notice.text)
    dialog.done(0)
    panel.deleteLater()


async def test_an_expired_token_says_so(stage: Stage, view_model: AccessViewModel) -> None:
    await view_model.create({"name": "old", "scope": "admin", "life": "30d"})
    await stage.clock.advance(timedelta(days=31).total_seconds())
    view_model.refresh()
    assert view_model.rows[0].state == "已过期"


async def test_where_the_api_listens_and_whether_it_answers(
    stage: Stage, view_model: AccessViewModel, world: World
) -> None:
    def state() -> tuple[Tone, str]:
        view_model.refresh()
        return view_model.state.tone, view_model.state.text

    assert state()[0] is Tone.CRITICAL
    world.address = Listens()
    assert state()[0] is Tone.UNKNOWN
    world.status = CheckStatus.HEALTHY
    tone, text = state()
    assert tone is Tone.OK
    assert "只限本机" in text
    world.address = Listens(host="0.0.0.0")
    assert "其他机器" in state()[1]
    await stage.config.apply([Put("settings", "http", {"enabled": False})], who="test")
    assert state()[0] is Tone.NEUTRAL


async def test_why_the_api_does_not_listen_is_said(view_model: AccessViewModel, world: World) -> None:
    world.errors = (
        ErrorEpisode(
            id=1,
            operation="http_listen",
            cause_code="api_port_taken",
            instance_id=None,
            params={"host": "127.0.0.1", "port": 5080},
            first_at=NOW,
            last_at=NOW,
            cleared_at=None,
            occurrences=1,
        ),
    )
    view_model.refresh()
    assert "5080" in view_model.state.text
