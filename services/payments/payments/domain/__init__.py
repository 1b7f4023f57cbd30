"""Charges. Pure: no I/O, no framework."""
