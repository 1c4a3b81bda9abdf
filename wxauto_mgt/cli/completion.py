"""Scripts that complete the words of a command line in a shell, made from the argument tree.

Pure. The scripts hold the words themselves: pressing Tab starts no Python.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Final

_BASH: Final = """\
# bash: eval "$({program} completion bash)"
_{name}_complete() {{
    local path="" word words
    COMPREPLY=()
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        _{name}_words "$path $word" > /dev/null && path="$path $word"
    done
    words=$(_{name}_words "$path")
    COMPREPLY=( $(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}") )
}}
_{name}_words() {{
    case "$1" in
{cases}
        *) return 1 ;;
    esac
}}
complete -o default -F _{name}_complete {targets}
"""
_ZSH: Final = """\
# zsh: eval "$({program} completion zsh)"
autoload -U +X bashcompinit && bashcompinit
{bash}"""
_POWERSHELL: Final = """\
# PowerShell: {program} completion powershell | Out-String | Invoke-Expression
$_{name}_words = @{{
{cases}
}}
Register-ArgumentCompleter -Native -CommandName {targets} -ScriptBlock {{
    param($word, $ast, $position)
    $path = ''
    foreach ($element in $ast.CommandElements | Select-Object -Skip 1) {{
        $text = $element.ToString()
        if ($element.Extent.EndOffset -lt $position -and $_{name}_words.ContainsKey("$path $text")) {{
            $path = "$path $text"
        }}
    }}
    $_{name}_words[$path] -split ' ' | Where-Object {{ $_ -like "$word*" }} | ForEach-Object {{
        [System.Management.Automation.CompletionResult]::new($_)
    }}
}}
"""
PROGRAM: Final = "wxauto-mgt"
_NAME: Final = "wxauto_mgt"
_TARGETS: Final = (PROGRAM, "main.py")
SHELLS: Final = ("bash", "zsh", "powershell")


def completion_script(shell: str, parser: argparse.ArgumentParser) -> str:
    """Return the script for one of `SHELLS`."""
    words = dict(_words(parser, ""))
    if shell == "powershell":
        cases = "\n".join(f"    '{path}' = '{' '.join(found)}'" for path, found in words.items())
        return _POWERSHELL.format(program=PROGRAM, name=_NAME, cases=cases, targets=",".join(_TARGETS))
    cases = "\n".join(f"        '{path}') echo '{' '.join(found)}' ;;" for path, found in words.items())
    bash = _BASH.format(program=PROGRAM, name=_NAME, cases=cases, targets=" ".join(_TARGETS))
    return _ZSH.format(program=PROGRAM, bash=bash) if shell == "zsh" else bash


def _words(parser: argparse.ArgumentParser, path: str) -> Iterator[tuple[str, list[str]]]:
    """Yield what may follow each chain of commands: subcommands, choices, options."""
    found: list[str] = []
    children: Mapping[str, argparse.ArgumentParser] = {}
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to look into a tree
        found += [name for name in action.option_strings if name.startswith("--")]
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            children = action.choices
            found += children
        elif action.choices is not None:
            found += [str(choice) for choice in action.choices]
    yield path, found
    for name, child in children.items():
        yield from _words(child, f"{path} {name}")
