"""Changing how code is written without changing what it does, and showing that it does the same."""
