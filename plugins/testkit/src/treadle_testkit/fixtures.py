"""Fixtures for tests of treadle plugins."""
