"""Repairs of monitored services: ladder, actions, journal; heartbeat and managed processes beside them."""
