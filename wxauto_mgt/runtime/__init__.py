"""How code runs: time, loops, shutdown, failure policy, system differences. No word of the domain."""
