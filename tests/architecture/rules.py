"""What linters miss. Each rule yields a message that tells what to do instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from tests.architecture.sources import Source, dotted

Rule = Callable[[Source], Iterator[str]]

_TASK_MAKERS = {"create_task", "ensure_future", "run_coroutine_threadsafe"}
_WALL_CLOCKS = {"time.time", "time.time_ns", "time.localtime", "time.gmtime"}
_DATE_CLOCKS = {"now", "utcnow", "today"}
_SQL = re.compile(
    r"\s*(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|REPLACE\s+INTO\s"
    r"|CREATE\s+(TEMP\s+)?(TABLE|INDEX|TRIGGER|VIEW)\s|PRAGMA\s"
    r"|WITH\s+(RECURSIVE\s+)?\w+(\s*\([\w, ]+\))?\s+AS\s)"
)
_VAGUE_MODULES = {"utils", "util", "helpers", "helper", "misc", "common"}
_VAGUE_CLASS = re.compile(r"(Manager|Handler|Processor)(?![a-z])")
_NESTED_LOOP_STATICS = {
    "QMessageBox": {"question", "information", "warning", "critical", "about"},
    "QFileDialog": {"getOpenFileName", "getOpenFileNames", "getSaveFileName", "getExistingDirectory"},
    "QInputDialog": {"getText", "getInt", "getDouble", "getItem", "getMultiLineText"},
    "QColorDialog": {"getColor"},
    "QFontDialog": {"getFont"},
}


def tasks_have_an_owner(source: Source) -> Iterator[str]:
    if source.is_in("runtime/", "ui/bridge/"):
        return
    groups = set(_task_groups(source))
    for node in source.nodes():
        if isinstance(node, ast.ImportFrom) and node.module == "asyncio":
            made = _TASK_MAKERS & {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and dotted(node.value) not in groups:
            made = _TASK_MAKERS & {node.attr}
        else:
            continue
        for name in sorted(made):
            yield source.at(
                node, f"{name}: use runtime.Supervisor (loops, one-shots) or asyncio.TaskGroup (fan-out)"
            )


def _task_groups(source: Source) -> Iterator[str]:
    """Names bound by `async with asyncio.TaskGroup() as name`."""
    for node in source.nodes():
        if isinstance(node, ast.AsyncWith):
            for item in node.items:
                call = item.context_expr
                made = isinstance(call, ast.Call) and dotted(call.func).endswith("TaskGroup")
                if made and item.optional_vars is not None:
                    yield dotted(item.optional_vars)


def time_is_injected(source: Source) -> Iterator[str]:
    if source.is_in("runtime/clock.py"):
        return
    for node in source.nodes():
        if not isinstance(node, ast.Attribute):
            continue
        name = dotted(node)
        owner = name.rpartition(".")[0].rpartition(".")[2]
        if name in _WALL_CLOCKS or (owner in ("datetime", "date") and node.attr in _DATE_CLOCKS):
            yield source.at(node, f"{name}: take a runtime.clock.Clock in __init__ and ask it")


def qasync_stays_in_its_two_files(source: Source) -> Iterator[str]:
    for node in source.nodes():
        if _imports(node, "qasync") and not source.is_in("ui/bootstrap.py", "ui/event_loop.py"):
            yield source.at(node, "qasync: only ui/bootstrap.py and ui/event_loop.py know the loop's library")
        if isinstance(node, ast.Name | ast.Attribute | ast.alias):
            name = dotted(node) if not isinstance(node, ast.alias) else node.name
            if name.rpartition(".")[2] in ("asyncSlot", "asyncClose"):
                yield source.at(node, f"{name}: use ui.bridge's command: supervised, shows its errors")


def _imports(node: ast.AST, package: str) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] == package for alias in node.names)
    return isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == package


def late_imports_say_why(source: Source) -> Iterator[str]:
    for function in source.nodes():
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        explained_line = 0
        for node in ast.walk(function):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            before, here = source.lines[node.lineno - 2], source.lines[node.lineno - 1]
            # One comment explains a block of imports.
            if "#" in here or before.lstrip().startswith("#") or explained_line == node.lineno - 1:
                explained_line = node.end_lineno or node.lineno
                continue
            yield source.at(
                node,
                "import inside a function: move it up (a shared type: down a package), or say why above it",
            )


def sql_stands_in_stores(source: Source) -> Iterator[str]:
    if source.is_in("storage/") or source.path.endswith("/store.py") or "/store/" in source.path:
        return
    for node in source.nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.match(node.value):
            yield source.at(node, "SQL: put the statement into the slice's store.py and call that")


def modules_are_named_for_their_purpose(source: Source) -> Iterator[str]:
    for part in source.path.removesuffix(".py").split("/"):
        if part in _VAGUE_MODULES or part.rpartition("_")[2] in _VAGUE_MODULES:
            yield f"wxauto_mgt/{source.path}: {part}: name the module for what it is for in our domain"


def classes_are_named_for_their_role(source: Source) -> Iterator[str]:
    for node in source.nodes():
        if not isinstance(node, ast.ClassDef):
            continue
        found = _VAGUE_CLASS.search(node.name)
        imposed = any(found and dotted(base).endswith(found.group(1)) for base in node.bases)
        if found and not imposed:
            yield source.at(node, f"{node.name}: name the role (AlertEvaluator, OutboxDispatcher)")


def the_window_never_nests_loops(source: Source) -> Iterator[str]:
    if not source.is_in("ui/"):
        return
    for node in source.nodes():
        if not isinstance(node, ast.Attribute):
            continue
        owner = dotted(node.value).rpartition(".")[2]
        static = node.attr in _NESTED_LOOP_STATICS.get(owner, ())
        if static or node.attr in ("exec", "exec_", "processEvents"):
            yield source.at(
                node, f"{node.attr}: a nested loop loses tasks; open() the dialog and await its result"
            )


def view_models_know_no_widgets(source: Source) -> Iterator[str]:
    if not source.path.endswith("view_model.py"):
        return
    for node in source.nodes():
        names = []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        if any(name.startswith("PySide6.QtWidgets") for name in names):
            yield source.at(node, "QtWidgets: a view-model is QtCore only; widgets belong in page.py")


def systems_differ_in_one_place(source: Source) -> Iterator[str]:
    if source.is_in("runtime/platform.py"):
        return
    for node in source.nodes():
        if isinstance(node, ast.Attribute) and dotted(node) in ("sys.platform", "os.name", "platform.system"):
            yield source.at(node, f"{dotted(node)}: put the difference into runtime/platform.py under a name")


RULES: tuple[Rule, ...] = (
    tasks_have_an_owner,
    time_is_injected,
    qasync_stays_in_its_two_files,
    late_imports_say_why,
    sql_stands_in_stores,
    modules_are_named_for_their_purpose,
    classes_are_named_for_their_role,
    the_window_never_nests_loops,
    view_models_know_no_widgets,
    systems_differ_in_one_place,
)
