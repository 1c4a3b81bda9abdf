"""Opaque configuration documents: validation as a whole, revisions, notification, import and export."""
