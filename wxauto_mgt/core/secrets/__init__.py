"""Sealed values, where their key is kept, and what never appears in a log."""
