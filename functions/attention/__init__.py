"""What a person must act on, and what they did about it."""
