"""The window: presentation only. Services arrive ready-made from the composition root."""
