"""The pure part of treadle: plan, events, state and the decider."""
