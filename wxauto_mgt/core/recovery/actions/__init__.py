"""What a repair can do, one file per kind; `built_in` lists them."""
