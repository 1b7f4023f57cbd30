"""Everything that touches the world: Postgres, the broker, SMTP, settings, metrics."""
