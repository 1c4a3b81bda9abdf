"""Delivery: from the queued message to the settled reply. Works from rows, so that a crash loses nothing."""
