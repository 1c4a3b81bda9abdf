"""Who may ask this console over HTTP."""
