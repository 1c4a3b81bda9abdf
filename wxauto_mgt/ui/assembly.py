"""Ties the application's services to view-models and pages: the window's part of the composition.

Owns no behaviour. Called by the bootstrap, the screenshots and tests.
"""

from __future__ import annotations
