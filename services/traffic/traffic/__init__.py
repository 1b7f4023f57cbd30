"""Load on the shop, as its customers make it: through the one address and its public API alone."""
