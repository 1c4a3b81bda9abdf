"""What was told, and how the channels have been doing."""
