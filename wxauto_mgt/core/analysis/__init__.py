"""What figures mean: statistics, trends, performance."""
