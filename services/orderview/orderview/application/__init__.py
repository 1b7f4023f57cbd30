"""What can be asked of the view, how events reach it, and how it is built anew."""
