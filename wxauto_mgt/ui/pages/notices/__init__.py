"""Who is told, and what they were told: view-model, table models, panel. A tab of the alerts page."""
