"""Looks at Python and the installed packages."""

from __future__ import annotations

import importlib.metadata
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import wxauto_mgt
from wxauto_mgt.cli.doctor.findings import Finding, Findings, note, ok, problem

NEEDED_PYTHON: Final = (3, 11)
_PACKAGE: Final = "wxauto-mgt"
_PROJECT_FILE: Final = Path(wxauto_mgt.__file__).parents[1] / "pyproject.toml"


def examine_installation(
    *, python: tuple[int, int] = sys.version_info[:2], project_file: Path = _PROJECT_FILE
) -> Findings:
    """Compare what is installed with what the program was tested with. Blocks shortly."""
    return [_python(python), *_packages(wanted_packages(project_file))]


def wanted_packages(project_file: Path) -> Sequence[tuple[str, str]]:
    """Return the names and versions that the program was tested with; empty where nothing says so."""
    try:
        project = tomllib.loads(project_file.read_text(encoding="utf-8"))
        lines: Sequence[str] = project["project"]["dependencies"]
    except (OSError, ValueError, KeyError):
        try:
            lines = importlib.metadata.requires(_PACKAGE) or ()
        except importlib.metadata.PackageNotFoundError:
            return ()
    needed = [line for line in lines if "extra ==" not in line]
    pinned = [line.partition(";")[0].strip().partition("==") for line in needed]
    return [(name.strip(), version.strip()) for name, equals, version in pinned if equals]


def _python(found: tuple[int, int]) -> Finding:
    if found < NEEDED_PYTHON:
        return problem("python_too_old", version=_dotted(found), needed=_dotted(NEEDED_PYTHON))
    return ok("python", version=_dotted(found))


def _packages(wanted: Sequence[tuple[str, str]]) -> Iterator[Finding]:
    if not wanted:
        yield note("packages_unknown")
        return
    matching = 0
    for name, version in wanted:
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield problem("package_missing", name=name, version=version)
            continue
        if found == version:
            matching += 1
        else:
            yield problem("package_differs", name=name, found=found, version=version)
    if matching == len(wanted):
        yield ok("packages", count=matching)


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(str(part) for part in version)
