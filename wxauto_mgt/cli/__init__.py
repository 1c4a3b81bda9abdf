"""The command line: `main(argv)` parses, runs one command or the console, and returns the exit status."""

from wxauto_mgt.cli.entry import main

__all__ = ["main"]
