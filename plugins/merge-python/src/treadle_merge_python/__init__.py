"""Merging of Python modules: packages' `__init__.py`."""
