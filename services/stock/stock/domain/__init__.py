"""Levels and reservations. Pure: no I/O, no framework."""
