"""Private files: whole or not at all, their owner's alone, and written nowhere else than where they stand."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from wxauto_mgt.runtime import private_file
from wxauto_mgt.runtime.private_file import replacing


def draft_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.{os.getpid()}.part")


def test_a_file_that_fails_half_way_stays_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "private.json"
    file.write_text("before")

    def fail_half_way() -> None:
        with replacing(file) as stream:
            stream.write("after")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        fail_half_way()
    assert file.read_text() == "before"
    assert os.listdir(tmp_path) == [file.name]


@pytest.mark.skipif(sys.platform == "win32", reason="links and modes of Unix")
def test_a_link_where_the_draft_would_stand_leads_nowhere(tmp_path: Path) -> None:
    file, victim = tmp_path / "private.json", tmp_path / "victim"
    victim.write_text("untouched")
    draft_of(file).symlink_to(victim)
    file.symlink_to(victim)
    with replacing(file) as stream:
        stream.write("secret")
    assert victim.read_text() == "untouched"
    assert not file.is_symlink()
    assert file.read_text() == "secret"


@pytest.mark.skipif(sys.platform == "win32", reason="links and modes of Unix")
def test_nobody_else_can_open_it_even_before_its_rights_are_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(
        private_file, "restrict_to_owner", lambda path: seen.append(stat.S_IMODE(path.stat().st_mode))
    )
    umask = os.umask(0)
    try:
        with replacing(tmp_path / "private.json") as stream:
            stream.write("secret")
    finally:
        os.umask(umask)
    assert seen == [0o600]
