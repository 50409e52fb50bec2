"""Merging of files made of lines: ignore files, .env, requirements, INI, Makefiles."""
