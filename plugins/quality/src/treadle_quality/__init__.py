"""Code quality of a change: style and complexity."""
