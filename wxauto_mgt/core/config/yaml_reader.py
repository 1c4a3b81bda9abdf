"""Reads YAML without its silent conversions: dates, base-60 numbers, duplicate keys, alias bombs are refused.

Only `reading` calls it.
"""

from __future__ import annotations

import math
import re
from typing import Final

import yaml

from wxauto_mgt.core.config.located import MAX_DEPTH, FieldPath, Findings, LocatedDocument, refused
from wxauto_mgt.core.config.model import JSON

# A hundred times what a large installation writes; an alias bomb reaches it in moments.
MAX_VALUES: Final = 500_000

_LOADER: Final[type[yaml.SafeLoader] | type[yaml.CSafeLoader]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG: Final = "tag:yaml.org,2002:"
_SEXAGESIMAL: Final = re.compile(r"[-+]?[0-9_]+(:[0-5]?[0-9])+(\.[0-9_]*)?\Z")


class YamlReader:
    """Composes the node tree and converts it by itself, so that nothing is converted silently."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found = Findings()
        self._scalars = yaml.constructor.SafeConstructor()
        self._values = 0

    def read(self) -> LocatedDocument:
        try:
            self._check_depth()
            node = yaml.compose(self._text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark is not None else None
            raise refused("bad_yaml", line=line) from None
        except (yaml.YAMLError, UnicodeEncodeError):
            raise refused("bad_yaml") from None
        return self._found.located(None if node is None else self._convert(node, (), 0))

    def _check_depth(self) -> None:
        """Measure with the flat event stream: composing a deep document could exhaust the C stack."""
        depth = 0
        for event in yaml.parse(self._text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    line = event.start_mark.line + 1 if event.start_mark is not None else None
                    raise refused("document_too_deep", line=line, limit=MAX_DEPTH)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1

    def _convert(self, node: yaml.Node, path: FieldPath, depth: int) -> JSON:
        line = node.start_mark.line + 1
        self._found.lines.setdefault(path, line)
        self._values += 1
        if self._values > MAX_VALUES or depth > MAX_DEPTH:
            raise refused("document_too_many_values", line=line, limit=MAX_VALUES)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self._convert(each, (*path, str(at)), depth + 1) for at, each in enumerate(node.value)]
        return self._scalar(node, path, line) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, path: FieldPath, depth: int) -> dict[str, JSON]:
        result: dict[str, JSON] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            name = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
            inner = (*path, name)
            if key_node.tag not in (f"{_TAG}str", f"{_TAG}value"):
                self._found.add(inner, "key_not_text", line)
            elif name in result:
                self._found.add(inner, "duplicate_key", line)
            else:
                self._found.check_text(name, inner, line)
                self._found.lines[inner] = line
                result[name] = self._convert(value_node, inner, depth + 1)
        return result

    def _scalar(self, node: yaml.ScalarNode, path: FieldPath, line: int) -> JSON:
        tag = node.tag.removeprefix(_TAG)
        text = str(node.value)
        if tag in ("str", "value"):
            return self._found.check_text(text, path, line)
        self._found.unquoted.add(path)
        if tag == "null":
            return None
        if tag == "timestamp" or (tag in ("int", "float") and _SEXAGESIMAL.match(text)):
            self._found.add(path, "ambiguous_yaml", line)
            return text
        return self._converted(node, tag, path, line)

    def _converted(self, node: yaml.ScalarNode, tag: str, path: FieldPath, line: int) -> JSON:
        try:
            if tag == "bool":
                return bool(self._scalars.construct_yaml_bool(node))
            if tag == "int":
                return int(self._scalars.construct_yaml_int(node))
            if tag == "float":
                number = float(self._scalars.construct_yaml_float(node))
                if math.isfinite(number):
                    return number
                self._found.add(path, "not_finite", line)
                return None
        except (ValueError, KeyError):
            # An explicit tag on text that does not fit it: `!!int abc`.
            pass
        self._found.add(path, "bad_yaml_tag", line)
        return None
