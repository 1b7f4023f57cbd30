"""What others can ask of baskets, and what baskets ask of a store."""
