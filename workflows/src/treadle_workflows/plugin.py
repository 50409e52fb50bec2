"""What treadle-workflows contributes."""
