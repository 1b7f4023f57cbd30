"""Real Postgres, NATS and Redis."""

pytest_plugins = ["shopkit.testing.plugin"]
