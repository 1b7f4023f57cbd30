"""What can be asked of ordering, and what it asks of the world."""
