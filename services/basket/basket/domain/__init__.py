"""What a basket is. Pure: no I/O, no framework."""
