"""What treadle-security contributes."""
