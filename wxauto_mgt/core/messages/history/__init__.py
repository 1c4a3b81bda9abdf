"""What is stored about messages, for people: pages, details, exports, figures, and how long it is kept."""
