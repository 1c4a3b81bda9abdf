"""The product's source files, parsed once for all rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "wxauto_mgt"


@dataclass(frozen=True)
class Source:
    """One file; `path` is relative to the package, with forward slashes."""

    path: str
    lines: tuple[str, ...]
    tree: ast.Module

    def nodes(self) -> Iterator[ast.AST]:
        return ast.walk(self.tree)

    def at(self, node: ast.AST, what: str) -> str:
        return f"wxauto_mgt/{self.path}:{getattr(node, 'lineno', 1)}: {what}"

    def is_in(self, *places: str) -> bool:
        """Whether it is one of the named files, or below one of the named folders (`storage/`)."""
        return any(
            self.path.startswith(place) if place.endswith("/") else self.path == place for place in places
        )


def all_sources() -> tuple[Source, ...]:
    return tuple(
        parse(path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8")) for path in _files()
    )


def parse(path: str, text: str) -> Source:
    return Source(path, tuple(text.splitlines()), ast.parse(text))


def module_names() -> list[str]:
    """Dotted names of all modules, parents first."""
    names = []
    for path in _files():
        parts = path.relative_to(ROOT).with_suffix("").parts
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return sorted(names)


def _files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute chain; what is not a name becomes `?`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"
