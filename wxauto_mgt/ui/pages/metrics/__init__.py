"""The metrics page: view-model, table model, page."""
