"""The panel of the API's address and tokens; it stands among the settings."""
