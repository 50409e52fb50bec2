"""Errors handled and ends told, without anything else installed."""
