"""Everything that touches the world: Postgres, the broker, the provider, HTTP, settings, metrics."""
