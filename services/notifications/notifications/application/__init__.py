"""Use cases and the ports that they ask for."""
