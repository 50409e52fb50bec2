"""What an error is, what is known of it, and what can be tried."""
