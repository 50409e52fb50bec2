"""The local runtime: an asyncio loop that drives the decider, one commit a turn."""
