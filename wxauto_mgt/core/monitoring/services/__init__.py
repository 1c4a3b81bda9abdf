"""Monitored services: what they are made of."""
