"""Merging of YAML: pre-commit configuration, compose files, dependabot and others."""
