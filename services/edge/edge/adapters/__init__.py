"""What connects the edge to the world: Varnish, events, HTTP, settings."""
