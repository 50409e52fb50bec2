"""Programs as agents: scripts, and coding agents with a command line."""
