"""The Postgres state store of treadle."""
