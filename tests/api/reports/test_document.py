"""A report in its three renderings: what comes from outside stays text in each."""

from __future__ import annotations

from html.parser import HTMLParser

from wxauto_mgt.api.reports.document import Document, Section, Table, as_html, as_markdown, as_text

NASTY = "a|b <script>alert(1)</script> [x](javascript:y) `c` *d*\nnext"
DOCUMENT = Document(
    title="报告",
    lead=("评分 96",),
    sections=(
        Section("实例", ("一行",), Table(("名称", "说明"), (("pc1", NASTY), ("pc2", "")))),
        Section("空"),
    ),
)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_markdown_keeps_each_row_one_row_and_nothing_becomes_markup() -> None:
    lines = as_markdown(DOCUMENT).splitlines()
    assert lines[0] == "# 报告"
    assert "- 评分 96" in lines
    [row] = [line for line in lines if line.startswith("| pc1")]
    assert row.replace("\\|", "").count("|") == 3
    assert "\\<script\\>" in row
    assert "\\[x\\]\\(" in row


def test_html_is_one_page_without_scripts_or_outside_references() -> None:
    page = as_html(DOCUMENT, language="zh-CN")
    tags = Tags()
    tags.feed(page)
    assert not {"script", "link", "img", "iframe"} & set(tags.found)
    assert tags.found.count("tr") == 3
    assert NASTY in tags.text
    assert '<html lang="zh-CN">' in page
    assert "http" not in page


def test_text_for_chats_has_no_markup() -> None:
    text = as_text(DOCUMENT)
    assert text.splitlines()[:4] == ["评分 96", "", "【实例】", "一行"]
    assert "pc2" in text.splitlines()
