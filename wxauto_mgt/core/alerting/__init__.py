"""Alerts: rules, the pure evaluator, silences, inhibition, grouping, and the engine that runs them."""
