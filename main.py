"""Launcher: hands the command line to wxauto_mgt.cli, nothing else."""

import sys

from wxauto_mgt.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
