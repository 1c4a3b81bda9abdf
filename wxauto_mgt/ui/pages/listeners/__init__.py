"""The listeners page: view-model, table model, page."""
