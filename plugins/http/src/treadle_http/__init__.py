"""HTTP requests and downloads as steps."""
