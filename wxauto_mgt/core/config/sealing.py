"""Secrets inside documents: finding them by path, keeping stored ones, masking them.

Pure; the box opens and seals. The draft, the compiler and the service call it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from wxauto_mgt.core.config.model import JSON, Document
from wxauto_mgt.core.secrets.box import is_sealed, variable_of

MASK: Final = "***"


def get_at(document: Document, path: str) -> JSON:
    """Return the value at a dotted path, None when the path leads nowhere."""
    holder, name = _holder(document, path)
    if isinstance(holder, Mapping):
        return holder.get(name)
    if isinstance(holder, list) and name.isdigit() and int(name) < len(holder):
        return holder[int(name)]
    return None


def set_at(document: Document, path: str, value: JSON) -> None:
    """Put a value at a dotted path of a document that is ours; nothing where its parent is missing."""
    holder, name = _holder(document, path)
    if isinstance(holder, dict):
        holder[name] = value
    elif isinstance(holder, list) and name.isdigit() and int(name) < len(holder):
        holder[int(name)] = value


def remove_at(document: Document, path: str) -> None:
    """Take a key out of a document that is ours to change."""
    holder, name = _holder(document, path)
    if isinstance(holder, dict):
        holder.pop(name, None)


def _holder(document: Document, path: str) -> tuple[JSON | Document, str]:
    *parents, name = path.split(".")
    holder: JSON | Document = document
    for parent in parents:
        if isinstance(holder, Mapping):
            holder = holder.get(parent)
        elif isinstance(holder, list) and parent.isdigit() and int(parent) < len(holder):
            holder = holder[int(parent)]
        else:
            return None, name
    return holder, name


def own_copy(document: Document) -> dict[str, JSON]:
    """Copy a document deeply, so that nobody else changes it."""
    return copy.deepcopy(dict(document))


def sealed_values(value: JSON | Document) -> Iterator[str]:
    """Yield every sealed value, wherever it stands."""
    if isinstance(value, str):
        if is_sealed(value):
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from sealed_values(each)
    elif isinstance(value, list):
        for each in value:
            yield from sealed_values(each)


def masked(value: JSON) -> JSON:
    """Copy a stored value with its sealed parts masked; for history, which knows no sections."""
    if isinstance(value, str):
        return MASK if is_sealed(value) else value
    if isinstance(value, dict):
        return {name: masked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [masked(each) for each in value]
    return value


def keep_stored_secrets(
    document: dict[str, JSON],
    stored: Document | None,
    paths: tuple[str, ...],
    open_stored: Callable[[str], str | None],
) -> frozenset[str]:
    """Fill in secrets that the new document leaves out, in place.

    A row of a list gets those of the stored row that says the same, numbers and switches apart, wherever that
    stands: one that was moved, or sends elsewhere now, must not get another row's secret.

    Args:
        open_stored: opens a stored secret, or returns None where it cannot.

    Returns:
        Paths whose values are new and in clear: they are to be sealed before they are stored.
    """
    clear = set()
    for path in paths:
        value = get_at(document, path)
        lender = None if stored is None else _lender(document, stored, path, paths)
        kept = None if stored is None or lender is None else get_at(stored, lender)
        if value is None:
            if kept is None:
                remove_at(document, path)
            else:
                set_at(document, path, kept)
        elif isinstance(value, str) and value and variable_of(value) is None:
            # Sealing the same text twice gives different values: an unchanged secret keeps its old one.
            if isinstance(kept, str) and is_sealed(kept) and open_stored(kept) == value:
                set_at(document, path, kept)
            else:
                clear.add(path)
    return frozenset(clear)


def _lender(document: Document, stored: Document, path: str, secrets: tuple[str, ...]) -> str | None:
    """Return the path of the stored secret that a missing one stands for; None when there is none."""
    parts = path.split(".")
    at = next((index for index, part in enumerate(parts) if part.isdigit()), None)
    if at is None:
        return path
    list_path, own, rest = ".".join(parts[:at]), int(parts[at]), ".".join(parts[at + 1 :])
    given, rows = get_at(document, f"{list_path}.{own}"), get_at(stored, list_path)
    if not isinstance(given, Mapping) or not isinstance(rows, list):
        return None
    prefix = f"{list_path}.{own}."
    names = {secret.removeprefix(prefix).split(".")[0] for secret in secrets if secret.startswith(prefix)}
    for index in sorted(range(len(rows)), key=lambda index: index != own):
        row = rows[index]
        if isinstance(row, Mapping) and _gist(row, names) == _gist(given, names):
            return f"{list_path}.{index}.{rest}"
    return None


def _gist(row: Mapping[str, JSON], secrets: set[str]) -> dict[str, JSON]:
    """What a row says: all but its secrets and what is only tuned."""
    return {
        name: value
        for name, value in row.items()
        if name not in secrets and not isinstance(value, bool | int | float) and value is not None
    }
