"""Where time goes, how much of it, and whether a change made it more."""
