"""Reports of an execution, every figure traced to its step."""
