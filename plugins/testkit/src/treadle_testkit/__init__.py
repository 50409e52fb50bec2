"""A test kit for authors of treadle plugins."""
