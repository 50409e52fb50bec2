"""Merging of JSON and JSONC: package.json, tsconfig, devcontainer and others."""
