"""What a mail says and how often it goes out. Pure: no I/O, no framework."""
