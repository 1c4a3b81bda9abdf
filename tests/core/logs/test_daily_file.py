"""Names, rotation and expiry of the files, and what a disk that fails leaves behind."""

from __future__ import annotations

import errno
import gzip
import json
import os
from datetime import date, timedelta
from pathlib import Path

import pytest

from wxauto_mgt.core.logs.daily_file import DailyFile, Retention

DAY = date(2026, 11, 22)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_each_day_has_its_file(tmp_path: Path) -> None:
    file = DailyFile(tmp_path / "logs", Retention())
    file.write(DAY, b"one\n")
    file.write(DAY, b"two\n")
    file.write(DAY + timedelta(days=1), b"three\n")
    file.close()
    assert (tmp_path / "logs" / "wxauto_mgt_20261122.log").read_bytes() == b"one\ntwo\n"
    assert (tmp_path / "logs" / "wxauto_mgt_20261123.log").read_bytes() == b"three\n"


def test_files_of_days_beyond_retention_go_and_foreign_files_stay(tmp_path: Path) -> None:
    for name in (
        "wxauto_mgt_20261022.log",
        "wxauto_mgt_20261023.log",
        "file_processing.log",
        "wxauto_mgt_x.log",
    ):
        (tmp_path / name).write_text("old\n")
    file = DailyFile(tmp_path, Retention(days=30))
    file.write(DAY, b"new\n")
    file.close()
    assert names(tmp_path) == [
        "file_processing.log",
        "wxauto_mgt_20261023.log",
        "wxauto_mgt_20261122.log",
        "wxauto_mgt_x.log",
    ]


def test_oldest_files_go_first_when_all_take_too_much(tmp_path: Path) -> None:
    for day in range(10, 20):
        (tmp_path / f"wxauto_mgt_202611{day}.log").write_bytes(b"x" * 999 + b"\n")
    file = DailyFile(tmp_path, Retention(days=30, max_total_bytes=4_000))
    file.write(DAY, b"new\n")
    file.close()
    assert names(tmp_path) == [
        "wxauto_mgt_20261117.log",
        "wxauto_mgt_20261118.log",
        "wxauto_mgt_20261119.log",
        "wxauto_mgt_20261122.log",
    ]


def test_a_single_loud_day_keeps_within_the_allowance_and_keeps_the_newest(tmp_path: Path) -> None:
    allowance = 8_000
    file = DailyFile(tmp_path, Retention(max_total_bytes=allowance))
    for number in range(1_000):
        file.write(DAY, b"%099d\n" % number)
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= allowance + 1_100
    file.close()
    newest = (tmp_path / "wxauto_mgt_20261122.log").read_bytes().splitlines()
    assert int(newest[-1]) == 999


def test_smaller_allowance_holds_from_the_next_write(tmp_path: Path) -> None:
    (tmp_path / "wxauto_mgt_20261121.log").write_bytes(b"x" * 5_000)
    file = DailyFile(tmp_path, Retention())
    file.write(DAY, b"one\n")
    assert len(names(tmp_path)) == 2
    file.set_retention(Retention(max_total_bytes=1_000))
    file.write(DAY, b"two\n")
    file.close()
    assert names(tmp_path) == ["wxauto_mgt_20261122.log"]


def test_line_torn_by_a_killed_process_spoils_no_later_line(tmp_path: Path) -> None:
    path = tmp_path / "wxauto_mgt_20261122.log"
    path.write_bytes(b'{"a": 1}\n{"b":')
    file = DailyFile(tmp_path, Retention())
    file.write(DAY, b'{"c": 3}\n')
    file.close()
    assert path.read_bytes().splitlines()[2] == b'{"c": 3}'


def test_line_torn_by_a_full_disk_spoils_no_later_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = DailyFile(tmp_path, Retention())
    file.write(DAY, b'{"a": 1}\n')
    real_write, answers = os.write, iter([True, False])

    def write_until_full(descriptor: int, data: bytes) -> int:
        if next(answers):
            return real_write(descriptor, data[:3])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_until_full)
        with pytest.raises(OSError, match="space"):
            file.write(DAY, b'{"b": 2}\n')
    file.write(DAY, b'{"c": 3}\n')
    file.close()
    lines = (tmp_path / "wxauto_mgt_20261122.log").read_bytes().splitlines()
    assert lines[0] == b'{"a": 1}'
    assert json.loads(lines[-1]) == {"c": 3}


def test_files_of_earlier_days_are_compressed_one_at_a_time_and_expire(tmp_path: Path) -> None:
    (tmp_path / "wxauto_mgt_20261120.1.log").write_bytes(b"first\n")
    (tmp_path / "wxauto_mgt_20261120.log").write_bytes(b"second\n")
    file = DailyFile(tmp_path, Retention(days=30))
    file.write(DAY, b"today\n")
    for _ in range(3):
        file.compress_one()
    assert names(tmp_path) == [
        "wxauto_mgt_20261120.1.log.gz",
        "wxauto_mgt_20261120.log.gz",
        "wxauto_mgt_20261122.log",
    ]
    assert gzip.decompress((tmp_path / "wxauto_mgt_20261120.log.gz").read_bytes()) == b"second\n"
    file.write(DAY + timedelta(days=29), b"later\n")
    file.close()
    assert names(tmp_path) == ["wxauto_mgt_20261122.log", "wxauto_mgt_20261221.log"]


def test_compression_that_was_cut_off_is_done_again(tmp_path: Path) -> None:
    (tmp_path / "wxauto_mgt_20261121.log").write_bytes(b"whole\n")
    (tmp_path / "wxauto_mgt_20261121.log.gz.part").write_bytes(b"half")
    file = DailyFile(tmp_path, Retention())
    file.write(DAY, b"today\n")
    file.compress_one()
    file.close()
    assert names(tmp_path) == ["wxauto_mgt_20261121.log.gz", "wxauto_mgt_20261122.log"]
    assert gzip.decompress((tmp_path / "wxauto_mgt_20261121.log.gz").read_bytes()) == b"whole\n"


def test_compression_survives_a_folder_that_went_away(tmp_path: Path) -> None:
    file = DailyFile(tmp_path / "logs", Retention())
    file.write(DAY, b"today\n")
    (tmp_path / "logs").rename(tmp_path / "away")
    file.compress_one()
    file.close()
    assert names(tmp_path) == ["away"]
