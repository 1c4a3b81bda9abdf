"""The platforms page: view-model, table model, page."""
