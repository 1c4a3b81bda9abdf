"""Figures about the product: requests per target, sliding windows, samples of process and host."""
