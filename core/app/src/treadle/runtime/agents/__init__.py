"""Agents: who they are, and what happens when a step asks one. Imported when one is asked, part by part."""
