"""Git actions for treadle workflows: diff, worktrees, log."""
