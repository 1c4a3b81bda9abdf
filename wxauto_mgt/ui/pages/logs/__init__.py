"""The logs page: view-model, table model, page."""
