"""Bugs: where they are, since when, and the smallest fix."""
