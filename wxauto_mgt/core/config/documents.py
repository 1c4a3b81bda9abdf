"""From a whole document to edits and back: what an import asks for, and what an export says.

Finds the line of each problem. Stores nothing; the service does.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import yaml

from wxauto_mgt.core.config.compiler import Compiler
from wxauto_mgt.core.config.located import FieldPath, LocatedDocument
from wxauto_mgt.core.config.model import (
    JSON,
    SETTINGS,
    ConfigSection,
    Delete,
    Document,
    Edit,
    ObjectKey,
    Put,
    StoredDocument,
    place_of,
)
from wxauto_mgt.core.config.notifier import KNOWN_KINDS
from wxauto_mgt.core.config.sealing import get_at, own_copy, remove_at, set_at
from wxauto_mgt.core.secrets.box import variable_of
from wxauto_mgt.errors import ConfigError, Problem

DocumentFormat = Literal["yaml", "json"]

_EXPECTED_TEXT: Final = "expected_text"
_RARE_BREAKS: Final = re.compile("[\x85\u2028\u2029]")


@dataclass
class ImportPlan:
    """What a document asks for.

    Attributes:
        present: keys of the sections that the document has (kinds and `settings`).
        origins: place of an object in Problems -> where it stands in the document.
    """

    located: LocatedDocument
    puts: list[Put] = field(default_factory=list)
    present: set[str] = field(default_factory=set)
    origins: dict[str, FieldPath] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def places(self) -> tuple[str, ...]:
        """Places of the objects that the document names."""
        return tuple(self.origins)

    def add_problem(self, path: FieldPath, place: str, name: str, reason: str) -> None:
        """Note a problem at a path of the document."""
        line = self.located.line_of((*path, *name.split(".")) if name else path)
        self.problems.append(Problem(place=place, field=name, reason=reason, line=line))

    def edits(self, stored: Sequence[ObjectKey], *, replace: bool) -> list[Edit]:
        """Return the edits: with `replace`, what the present sections do not name is deleted."""
        named = {(put.kind, put.id) for put in self.puts}
        removed = [key for key in stored if key[0] in self.present and key not in named] if replace else []
        return [*(Delete(kind, object_id) for kind, object_id in removed), *self.puts]

    def relocate(self, problems: Sequence[Problem]) -> ConfigError:
        """Add line and index to problems of objects of this document; order by line."""
        located = [self._relocated(problem) for problem in problems]
        return ConfigError(sorted(located, key=lambda problem: problem.line or 0))

    def _relocated(self, problem: Problem) -> Problem:
        origin = self.origins.get(problem.place)
        if origin is None or problem.line is not None:
            return problem
        path = (*origin, *(problem.field.split(".") if problem.field else ()))
        is_unquoted = problem.reason == _EXPECTED_TEXT and path in self.located.unquoted
        return dataclasses.replace(
            problem,
            place=_shown_place(origin, problem.place),
            line=self.located.line_of(path),
            reason="expected_quoted_text" if is_unquoted else problem.reason,
        )


def _shown_place(origin: FieldPath, place: str) -> str:
    if origin[0] == SETTINGS:
        return place
    return f"{origin[0]}[{origin[1]}] {place.partition(' ')[2]}".rstrip()


def plan_import(located: LocatedDocument, compiler: Compiler) -> ImportPlan:
    """Read the sections of a document.

    Raises:
        ConfigError: unknown sections, wrong shapes, missing or duplicate ids; with lines.
    """
    plan = ImportPlan(located)
    by_key = {section.document_key: section for section in compiler.sections.values()}
    later = {f"{kind}s" for kind in KNOWN_KINDS} - by_key.keys()
    for name, value in located.value.items():
        if name == SETTINGS:
            _plan_settings(plan, value, compiler)
        elif name in by_key:
            _plan_section(plan, by_key[name], value)
        elif name not in later:
            plan.add_problem((name,), name, "", "unknown_section")
        elif value != []:
            plan.add_problem((name,), name, "", "section_not_available")
    if plan.problems:
        raise ConfigError(sorted(plan.problems, key=lambda problem: problem.line or 0))
    return plan


def _plan_settings(plan: ImportPlan, value: JSON, compiler: Compiler) -> None:
    if not isinstance(value, dict):
        plan.add_problem((SETTINGS,), SETTINGS, "", "expected_mapping")
        return
    plan.present.add(SETTINGS)
    for group, document in value.items():
        path, place = (SETTINGS, group), place_of(SETTINGS, group)
        if group not in compiler.groups:
            plan.add_problem(path, place, "", "unknown_group")
        elif not isinstance(document, dict):
            plan.add_problem(path, place, "", "expected_mapping")
        else:
            plan.origins[place] = path
            plan.puts.append(Put(SETTINGS, group, document))


def _plan_section(plan: ImportPlan, section: ConfigSection[Any], value: JSON) -> None:
    if not isinstance(value, list):
        plan.add_problem((section.document_key,), section.document_key, "", "expected_list")
        return
    plan.present.add(section.kind)
    seen: set[str] = set()
    for index, document in enumerate(value):
        path = (section.document_key, str(index))
        shown = f"{section.document_key}[{index}]"
        if not isinstance(document, dict):
            plan.add_problem(path, shown, "", "expected_mapping")
            continue
        object_id = section.id_of(document)
        if not object_id:
            _note_missing_id(plan, section, path, shown, document)
        elif object_id in seen:
            plan.add_problem(path, f"{shown} {object_id}", section.id_fields[-1], "duplicate_id")
        else:
            seen.add(object_id)
            plan.origins[place_of(section.kind, object_id)] = path
            plan.puts.append(Put(section.kind, object_id, document))


def _note_missing_id(
    plan: ImportPlan, section: ConfigSection[Any], path: FieldPath, shown: str, document: Document
) -> None:
    for name in section.id_fields:
        value = document.get(name)
        if name not in document or value == "":
            plan.add_problem(path, shown, name, "missing")
        elif not isinstance(value, str):
            is_unquoted = (*path, name) in plan.located.unquoted
            plan.add_problem(path, shown, name, "expected_quoted_text" if is_unquoted else _EXPECTED_TEXT)


def export_document(
    documents: Mapping[ObjectKey, Document], compiler: Compiler, *, open_secret: Callable[[str], str] | None
) -> dict[str, JSON]:
    """Write all known objects as one document.

    Args:
        open_secret: opens a sealed value; None leaves secrets out. `${NAME}` is kept as written.
    """
    sections: dict[str, list[JSON]] = {kind: [] for kind in compiler.sections}
    settings: dict[str, JSON] = {}
    for key, stored in documents.items():
        if not compiler.knows(key):
            continue
        document = own_copy(stored)
        for path in compiler.secret_fields(key, stored):
            value = get_at(document, path)
            if not isinstance(value, str) or not value or variable_of(value) is not None:
                continue
            if open_secret is None:
                remove_at(document, path)
            else:
                set_at(document, path, open_secret(value))
        kind, object_id = key
        if kind == SETTINGS:
            settings[object_id] = document
        else:
            sections[kind].append(document)
    whole: dict[str, JSON] = {
        section.document_key: sections[kind] for kind, section in compiler.sections.items()
    }
    return {**whole, SETTINGS: settings}


def form_document(
    key: ObjectKey, stored: Document, secret_paths: Sequence[str], unreadable: Problem | None
) -> StoredDocument:
    """Show a stored document to a form: secrets null, but told whether they are there."""
    document = own_copy(stored)
    has_secret: set[str] = set()
    variables: dict[str, str] = {}
    for path in secret_paths:
        value = get_at(document, path)
        if isinstance(value, str) and value:
            has_secret.add(path)
            if variable_of(value) is not None:
                variables[path] = value
        set_at(document, path, None)
    return StoredDocument(*key, document, frozenset(has_secret), variables, unreadable)


def dump_document(document: Document, document_format: DocumentFormat) -> str:
    """Write a document as text that reads back the same."""
    if document_format == "json":
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    return yaml.dump(dict(document), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)


class _Dumper(yaml.SafeDumper):
    """Writes text that holds rare line breaks in double quotes.

    WORKAROUND https://github.com/yaml/pyyaml (emitter, 6.0.3): any other style writes them as they are, and
    reading folds them into spaces.
    """


def _represent_text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = '"' if _RARE_BREAKS.search(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _represent_text)
