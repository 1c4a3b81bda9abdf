"""The messages page: view-model, table model, page."""
