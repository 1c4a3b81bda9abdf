"""Tells people: an outbox of rows, and the channels that carry them."""
