"""Implementing a feature with an agent, and applying and undoing changes."""
