"""Which folder a console keeps its data in."""

from __future__ import annotations

from pathlib import Path

import pytest

from wxauto_mgt.run_options import RunOptions, resolve_data_dir
from wxauto_mgt.runtime import data_folder
from wxauto_mgt.runtime.platform import user_data_dir

CHECKOUT = Path(data_folder.__file__).resolve().parents[2]
NAMED = {"WXAUTO_MGT_DATA_DIR": "named"}


def test_the_option_wins(tmp_path: Path) -> None:
    for demo in (False, True):
        assert resolve_data_dir(RunOptions(data_dir=tmp_path, demo=demo), NAMED) == tmp_path


def test_a_relative_folder_is_made_absolute() -> None:
    assert resolve_data_dir(RunOptions(data_dir=Path("d")), {}) == Path.cwd() / "d"
    assert resolve_data_dir(RunOptions(), NAMED) == Path.cwd() / "named"


@pytest.mark.parametrize("environment", [{}, {"WXAUTO_MGT_DATA_DIR": " "}])
def test_a_checkout_keeps_its_data_inside(environment: dict[str, str]) -> None:
    assert resolve_data_dir(RunOptions(), environment) == CHECKOUT / "data"


def test_the_demonstration_has_its_own_folder() -> None:
    assert resolve_data_dir(RunOptions(demo=True), NAMED) == CHECKOUT / "demo"


def test_an_installed_console_uses_the_users_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_folder, "is_checkout", lambda: False)
    assert resolve_data_dir(RunOptions(), {}) == user_data_dir()
    assert resolve_data_dir(RunOptions(demo=True), {}) == user_data_dir() / "demo"
