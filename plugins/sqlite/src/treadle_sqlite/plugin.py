"""What treadle-sqlite contributes."""
