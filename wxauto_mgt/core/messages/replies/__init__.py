"""Replies as rows: what goes out, what became of it, and what that means for their message."""
