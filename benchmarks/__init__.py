"""Figures of the product, each beside a physical limit measured in the same run: `python -m benchmarks`."""
