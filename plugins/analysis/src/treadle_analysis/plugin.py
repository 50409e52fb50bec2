"""What treadle-analysis contributes."""
