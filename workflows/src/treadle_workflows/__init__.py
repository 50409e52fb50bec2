"""The catalogue of ready treadle workflows."""
