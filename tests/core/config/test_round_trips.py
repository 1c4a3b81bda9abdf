"""What is exported reads back the same, whatever people write into it."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.config.sections import open_database, toy_service
from wxauto_mgt.core.config.documents import DocumentFormat, dump_document
from wxauto_mgt.core.config.model import ID_PATTERN, JSON, RESERVED_IDS
from wxauto_mgt.core.config.reading import read_document

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
IDS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,9}", fullmatch=True).filter(
    lambda value: value not in RESERVED_IDS
)
WORDS = "no yes on ~ null 123 1_000 0x1f 012 1e3 .inf 2026-01-01 12:30 = << - # &a *a !x | > % @ ` ' \" \\"
BREAKS = ("", " ", "- a", "a: b", "\ufeff", "\x85", "\u2028", "a\x85b", "a\n b", "\t")
TRAPS = st.sampled_from([*WORDS.split(" "), *BREAKS])
SETTINGS_SAMPLES: list[dict[str, JSON]] = [
    {},
    {"listening": {"poll_interval_s": 0.25}},
    {"heartbeat": {"enabled": False}},
]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
    TRAPS,
)
TREES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | TRAPS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("document_format", ["yaml", "json"])
@given(document=st.dictionaries(TEXT | TRAPS, TREES, max_size=4))
def test_a_dumped_document_reads_back_the_same(
    document_format: DocumentFormat, document: dict[str, JSON]
) -> None:
    text = dump_document(document, document_format)
    located = read_document(text, filename=f"x.{document_format}")
    assert located.value == document
    assert dump_document(located.value, document_format) == text


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, JSON]:
    """Whole valid documents of the toy sections."""
    platforms = draw(st.lists(IDS, max_size=4, unique=True))
    secret = st.one_of(
        st.just("${A_VARIABLE}"), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9)
    )
    document: dict[str, JSON] = {
        "instances": [
            {"id": each, "base_url": "http://h", "api_key": draw(secret), "name": draw(TEXT | TRAPS)}
            for each in draw(st.lists(IDS, max_size=3, unique=True))
        ],
        "listeners": [
            {"instance": "*", "who": who}
            for who in draw(st.lists(TEXT.filter(bool), max_size=3, unique=True))
        ],
        "platforms": [
            {"id": each, "config": {"api_key": draw(secret), "model": draw(TREES)}} for each in platforms
        ],
        "rules": [
            {
                "id": each,
                "platforms": [draw(st.sampled_from(platforms))],
                "chat": "x" + draw(TEXT),
                "priority": draw(st.integers(0, 9)),
            }
            for each in (draw(st.lists(IDS, max_size=4, unique=True)) if platforms else [])
        ],
        "settings": draw(st.sampled_from(SETTINGS_SAMPLES)),
    }
    return document


@settings(max_examples=25)
@given(document=configurations(), document_format=st.sampled_from(["yaml", "json"]))
def test_export_then_import_is_the_identity(
    document: dict[str, JSON], document_format: DocumentFormat
) -> None:
    asyncio.run(_round_trip(document, document_format))


async def _round_trip(document: dict[str, JSON], document_format: DocumentFormat) -> None:
    environment = {"A_VARIABLE": "value-from-outside"}
    name = f"x.{document_format}"
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        async with open_database(Path(first)) as db, open_database(Path(second)) as other_db:
            service, _ = toy_service(db, environment=environment)
            await service.load()
            text = dump_document(document, document_format)
            await service.import_document(text, filename=name, replace=False, who="test")
            exported = await service.export(with_secrets=True)
            assert exported == document

            other, _ = toy_service(other_db, environment=environment)
            await other.load()
            exported_text = dump_document(exported, document_format)
            await other.import_document(exported_text, filename=name, replace=True, who="test")
            assert await other.export(with_secrets=True) == document
            assert other.snapshot.candidate == service.snapshot.candidate

            # Onto itself nothing changes, with and without the secrets in the document.
            for with_secrets in (True, False):
                again = dump_document(await service.export(with_secrets=with_secrets), document_format)
                result = await service.import_document(again, filename=name, replace=True, who="test")
                assert not result.is_change
                assert result.revision == service.snapshot.revision


def test_every_generated_id_is_valid() -> None:
    assert all(ID_PATTERN.match(value) for value in ("a", "0", "a-b_c", "x" * 64))
    assert not any(ID_PATTERN.match(value) for value in ("", "-a", "_a", "A", "a b", "a\n", "x" * 65, "ä"))
