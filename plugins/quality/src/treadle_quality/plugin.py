"""What treadle-quality contributes."""
