"""What treadle-report contributes."""
