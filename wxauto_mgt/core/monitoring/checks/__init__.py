"""Health checks: what is looked at, how often, and what its results in a row mean."""
