"""The health report as a file: whole, the same as the calls tell, its owner's alone."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

from tests.cli.console import SetReplies
from wxauto_mgt.app.health_sample import HealthSample
from wxauto_mgt.errors import PermanentError, TransientError


@pytest.fixture
def api() -> SetReplies:
    return SetReplies(
        get_health_report={"health_score": 100.0, "overall_status": "healthy"},
        analyze_performance={"summary": {"status": "正常"}, "cpu_analysis": {}},
        get_services=[{"service": "tts"}],
    )


async def test_the_sample_holds_health_performance_and_services(tmp_path: Path, api: SetReplies) -> None:
    sample = HealthSample(api=lambda: api, logs=tmp_path / "logs")
    for _ in range(2):
        path = await sample.write()
    assert path == tmp_path / "logs" / "health_report_sample.json"
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == {
        "health_report": {"health_score": 100.0, "overall_status": "healthy"},
        "performance_summary": {"status": "正常"},
        "services": [{"service": "tts"}],
    }
    assert "正常" in text
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (answer,) = sample.answers().values()
    assert (await answer()).data == {"path": str(path)}


async def test_a_call_that_fails_leaves_the_old_sample(tmp_path: Path, api: SetReplies) -> None:
    sample = HealthSample(api=lambda: api, logs=tmp_path)
    before = (await sample.write()).read_bytes()
    api.refuse("get_services", "not now")
    with pytest.raises(TransientError, match="not now"):
        await sample.write()
    assert sample.path.read_bytes() == before


async def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, api: SetReplies) -> None:
    sample = HealthSample(api=lambda: api, logs=tmp_path)
    sample.path.mkdir()
    with pytest.raises(PermanentError):
        await sample.write()
