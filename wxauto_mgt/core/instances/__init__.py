"""Connections to WXAUTO-HTTP-API servers: client, UI gate, call budget, liveness by evidence, registry."""
