"""The words of every interface: one catalogue per language, looked up by symbolic key."""
