"""What processes write is bounded, readable, without secrets; a flood stops neither them nor us."""

from __future__ import annotations

import asyncio
import logging
import sys

import psutil
import pytest

from tests.core.recovery.processes.conftest import IDLE, Bench, program
from tests.fakes.clock import FakeClock
from tests.waiting import eventually
from wxauto_mgt.core.logs.record import Category, category_of
from wxauto_mgt.core.recovery.processes import output as output_module
from wxauto_mgt.core.recovery.processes.model import ProcessState
from wxauto_mgt.core.recovery.processes.output import LINES_KEPT, LOGGED_AT_ONCE, ProcessOutput
from wxauto_mgt.runtime.output_pump import LONGEST_LINE_BYTES, LineCutter


def output(clock: FakeClock, *, encoding: str = "utf-8") -> ProcessOutput:
    return ProcessOutput(service="tts", clock=clock, redact=lambda text: text, encoding=encoding)


READABLE = [
    (b"\xe4\xbd\xa0\xe5\xa5\xbd", "你好"),
    (b"\x1b[31mred\x1b[0m", "red"),
    (b"bad \xff\xfe bytes", "bad \\xff\\xfe bytes"),
    (b"zero \x00 bell \x07", "zero \\x00 bell \\x07"),
    (b"10%\r20%\r30%\r", "30%"),
    (b"windows line\r", "windows line"),
    ("全角　空格".encode(), "全角　空格"),
    (b"a\tb", "a    b"),
]


@pytest.mark.parametrize(("line", "text"), READABLE)
def test_bytes_become_readable(fake_clock: FakeClock, line: bytes, text: str) -> None:
    assert output(fake_clock).readable(line) == text


def test_programs_may_write_the_machines_own_encoding(fake_clock: FakeClock) -> None:
    assert output(fake_clock, encoding="gbk").readable("模型已加载".encode("gbk")) == "模型已加载"


def test_a_long_line_is_cut_even_inside_a_character(fake_clock: FakeClock) -> None:
    cutter = LineCutter()
    line = ("é" * LONGEST_LINE_BYTES).encode()
    assert cutter.feed(b"x" + line[:5000]) == []
    (cut,) = cutter.feed(line + b"\n")
    assert output(fake_clock).readable(cut) == "x" + "é" * (LONGEST_LINE_BYTES // 2 - 1) + " …"


def test_lines_are_cut_wherever_the_chunks_end() -> None:
    text = b"one\n\ntwo\nthree"
    for size in range(1, len(text) + 1):
        cutter = LineCutter()
        chunks = [text[at : at + size] for at in range(0, len(text), size)]
        lines = [line for chunk in chunks for line in cutter.feed(chunk)]
        assert [*lines, *cutter.rest()] == [b"one", b"", b"two", b"three"]


async def test_a_flood_is_logged_up_to_a_bound(
    fake_clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, output_module.__name__)
    found = output(fake_clock)
    found.take([b"line"] * 5_000)
    assert len(caplog.records) == LOGGED_AT_ONCE
    await fake_clock.advance(1.0)
    found.take([b"later"] * 50)
    assert len(caplog.records) == LOGGED_AT_ONCE + 20
    found.end()
    assert caplog.messages[-1] == "tts: … 4830 further lines were not logged"
    assert (found.count, len(found.newest())) == (5_050, LINES_KEPT)
    assert caplog.records[0].__dict__["service"] == "tts"
    assert category_of(caplog.records[0].name) is Category.RECOVERY


async def test_secrets_are_masked(bench: Bench) -> None:
    bench.redactor.add_secret("sk-very-secret-key")
    bench.configure("tts", program("print('key sk-very-secret-key used', flush=True)\n" + IDLE))
    await bench.wrote("key *** used")


async def test_a_million_lines_grow_no_memory_and_block_no_loop(bench: Bench) -> None:
    text = """
import sys
line = "x" * 60 + "\\n"
for _ in range(1000): sys.stdout.write(line * 1000)
print("the end", flush=True)
"""
    bench.configure("tts", program(text, restart="never"))
    await eventually(lambda: bench.status(), timeout_s=20)
    before = psutil.Process().memory_info().rss
    worst_s, loop = 0.0, asyncio.get_running_loop()
    while bench.processes.status_of("tts").state is not ProcessState.STOPPED:
        at_s = loop.time()
        await asyncio.sleep(0.01)
        worst_s = max(worst_s, loop.time() - at_s)
    status = bench.processes.status_of("tts")
    assert (status.lines, bench.processes.output("tts", 1)) == (1_000_001, ("the end",))
    assert psutil.Process().memory_info().rss - before < 30 << 20
    assert worst_s < 1.0


async def test_output_without_line_ends_is_bounded_too(bench: Bench) -> None:
    text = "import sys\nfor _ in range(3000): sys.stdout.buffer.write(b'\\xff' * 10_000)"
    bench.configure("tts", program(text, restart="never"))
    status = await bench.until(ProcessState.STOPPED)
    await eventually(lambda: bench.processes.status_of("tts").lines == 1, timeout_s=20)
    (line,) = bench.processes.output("tts")
    assert line.startswith("\\xff\\xff")
    assert len(line) <= 4 * LONGEST_LINE_BYTES + 2
    assert status.service == "tts"


async def test_what_was_written_last_before_a_crash_is_there(bench: Bench) -> None:
    bench.configure("tts", program("import os; os.write(2, b'fatal: no GPU'); os._exit(3)", restart="never"))
    await eventually(lambda: (found := bench.status()) is not None and found.exit_code == 3, timeout_s=20)
    assert bench.processes.output("tts") == ("fatal: no GPU",)
    assert sys.executable
