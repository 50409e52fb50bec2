"""Commands as workflow steps: what a step's `run` key does."""
