"""Security audit of a change."""
