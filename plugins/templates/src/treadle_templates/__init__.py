"""Ready templates for `treadle compose`."""
