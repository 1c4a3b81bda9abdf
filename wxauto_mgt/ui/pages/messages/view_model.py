"""What the messages page shows: rows as they change, and everything known about one of them.

Owns filter, paging and words; the browser reads and acts, the rules explain. Called by the messages page.
"""

from __future__ import annotations

PAGE = 100
SHOWN = 3000
