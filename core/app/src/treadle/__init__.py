"""The treadle core: definitions, plugin host, local runtime, facade and command line."""
