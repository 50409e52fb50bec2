"""Plans, tasks and design documents from what was measured."""
