"""What answers messages: the contract of a platform plugin, the open platforms, and the built-in plugins."""
