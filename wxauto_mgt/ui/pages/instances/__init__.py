"""The instances page: view-model, table model, page."""
