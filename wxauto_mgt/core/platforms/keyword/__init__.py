"""The `keyword` platform: canned answers to keywords, without any network."""
