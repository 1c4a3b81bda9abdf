"""The settings page: view-model, table model, page."""
