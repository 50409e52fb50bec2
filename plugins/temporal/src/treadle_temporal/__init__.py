"""Temporal as a runtime of treadle."""
