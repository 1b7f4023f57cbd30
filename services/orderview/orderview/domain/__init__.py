"""What is known of an order, and how events add to it. Pure: no I/O, no framework, no clock."""
