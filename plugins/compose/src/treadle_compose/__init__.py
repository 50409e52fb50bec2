"""One project from several templates, atomically."""
