"""Whether the product works and why not: the health score, errors as episodes, the service's counters."""
