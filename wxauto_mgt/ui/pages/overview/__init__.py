"""The overview page: view-model, table model, page."""
