"""What treadle-git contributes."""
