"""Structured logs: what a record holds, the pipeline to the daily files, and the live tail."""
