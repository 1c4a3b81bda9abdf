"""The truth of a message: rows, identity, life cycles, timeline, replies."""
