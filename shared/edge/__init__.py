"""What a function shares with its surroundings: HTTP, queue messages, caller, logs, settings."""
