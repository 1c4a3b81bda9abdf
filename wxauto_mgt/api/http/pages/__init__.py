"""The two pages of the HTTP interface: log-in with an overview, and the list of operations."""
