"""What treadle-command contributes."""
