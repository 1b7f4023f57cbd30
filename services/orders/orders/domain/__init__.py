"""The rules of an order. Pure: no I/O, no framework, no clock."""
