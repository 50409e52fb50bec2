"""What treadle-testing contributes."""
