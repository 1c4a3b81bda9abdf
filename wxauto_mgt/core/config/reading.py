"""Reads a configuration file: chooses between YAML and JSON, and limits what it takes in.

Used by imports only.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Final

from wxauto_mgt.core.config.json_reader import JsonReader
from wxauto_mgt.core.config.located import MAX_DEPTH, LocatedDocument, refused
from wxauto_mgt.core.config.yaml_reader import YamlReader
from wxauto_mgt.errors import ConfigError

MAX_DOCUMENT_BYTES: Final = 8 * 1024 * 1024


def read_document(text: str, *, filename: str) -> LocatedDocument:
    """Read a document; `.json` and text that is valid JSON as JSON, the rest as YAML.

    Raises:
        ConfigError: not readable, too large, too deep, duplicate keys, ambiguous YAML.
    """
    # Four bytes are the most that a character takes: no need to encode what is surely small enough.
    if len(text) * 4 > MAX_DOCUMENT_BYTES and len(text.encode("utf-8", "replace")) > MAX_DOCUMENT_BYTES:
        raise refused("document_too_large", limit_mib=MAX_DOCUMENT_BYTES // 2**20)
    text = text.removeprefix("\ufeff")
    try:
        is_json = filename.lower().endswith(".json") or _is_json(text, filename)
        return JsonReader(text).read() if is_json else YamlReader(text).read()
    except RecursionError:
        raise refused("document_too_deep", limit=MAX_DEPTH) from None
    except ConfigError as error:
        named = [dataclasses.replace(each, place=each.place or filename) for each in error.problems]
        raise ConfigError(named) from None


def _is_json(text: str, filename: str) -> bool:
    if filename.lower().endswith((".yaml", ".yml")) or not text.lstrip().startswith("{"):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
