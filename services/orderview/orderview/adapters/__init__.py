"""All that touches the world: HTTP, Postgres, events, settings."""
