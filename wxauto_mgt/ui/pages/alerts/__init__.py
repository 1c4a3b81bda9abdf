"""The alerts page: view-models, table models, panels, page."""
