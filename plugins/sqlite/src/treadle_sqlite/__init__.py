"""The SQLite state store of treadle."""
