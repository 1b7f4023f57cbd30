"""Everything that touches the world: Postgres, the broker, HTTP, settings, metrics."""
