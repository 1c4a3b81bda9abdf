"""The services page: view-models, table models, panels, page."""
