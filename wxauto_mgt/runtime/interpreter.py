"""Settings of the interpreter for a process that is one event loop beside a few threads.

Called where a console's process begins; a test's process keeps the defaults.
"""

from __future__ import annotations

import gc
import sys
from typing import Final

SWITCH_INTERVAL_S: Final = 0.001


def share_finely() -> None:
    """Let threads take turns often.

    Each SQL statement of the database's threads gives the interpreter away and, while the loop is busy, waits
    for one switch interval to get it back; with the default of 5 ms ingest lost up to a quarter of its rate.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)


def keep_started_objects() -> None:
    """Take what was made until now out of garbage collection.

    A full collection over what was made at start was the longest gap of the loop: 60 to 90 ms; without, 20.
    """
    gc.collect()
    gc.freeze()
