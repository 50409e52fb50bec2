"""Merging of Markdown, by sections."""
