"""Real programs for tests: see `shopkit.testing.plugin`."""
