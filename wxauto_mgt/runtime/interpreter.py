"""Settings of the interpreter for a process that is one event loop beside a few threads.

Called where a console's process begins; a test's process keeps the defaults.
"""

from __future__ import annotations

import gc
import sys
from typing import Final

SWITCH_INTERVAL_S: Final = 0.001
COLLECTION_THRESHOLDS: Final = (5_000, 10, 10)


def share_finely() -> None:
    """Let threads take turns often, and look for garbage rarely.

    Each SQL statement of the database's threads gives the interpreter away and, while the loop is busy, waits
    for one switch interval to get it back; with the default of 5 ms ingest lost up to a quarter of its rate.
    A full collection stops the loop for 100 to 300 ms once a storm of alerts has made its objects, and the
    default thresholds began eleven in ten seconds. At most half a million objects wait for it now.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(*COLLECTION_THRESHOLDS)


def keep_started_objects() -> None:
    """Take what was made until now out of garbage collection.

    A full collection over what was made at start was the longest gap of the loop: 60 to 90 ms; without, 20.
    """
    gc.collect()
    gc.freeze()
