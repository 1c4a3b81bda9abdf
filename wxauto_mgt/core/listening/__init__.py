"""Listening: polls the instances, keeps their listened windows, and commits every row that was read."""
