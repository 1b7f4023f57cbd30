"""Policies: reading them, fitting them to an environment, and judging objects by them without a cluster."""
