"""Workflow definitions of other tools, read as they are."""
