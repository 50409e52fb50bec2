"""Messages to people and channels, by apprise."""
