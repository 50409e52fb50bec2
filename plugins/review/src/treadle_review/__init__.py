"""Reviews of a change, and pull requests."""
