"""Colours, spacing, type and icons of the window; pages take them from here and never name a colour."""
