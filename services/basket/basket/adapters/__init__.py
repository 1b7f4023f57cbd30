"""What connects baskets to the world: HTTP, Redis, settings."""
