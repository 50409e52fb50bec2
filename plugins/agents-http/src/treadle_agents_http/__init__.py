"""Agents behind an HTTP endpoint."""
