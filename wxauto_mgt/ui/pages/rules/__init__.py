"""The rules page: view-model, table model, page."""
