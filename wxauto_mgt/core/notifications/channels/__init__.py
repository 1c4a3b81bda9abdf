"""The channels that come with the product, one file each."""
