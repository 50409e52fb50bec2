"""Changelogs, API references and checks of documentation."""
