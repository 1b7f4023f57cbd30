"""What connects the catalog to the world: HTTP, storage, logs and metrics."""
