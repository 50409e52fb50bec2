"""Merging of TOML: pyproject.toml and others."""
