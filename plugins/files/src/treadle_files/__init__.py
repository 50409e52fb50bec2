"""Files as steps: journaled, undone when their step fails."""
