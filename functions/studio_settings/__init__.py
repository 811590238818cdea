"""Who the user is, what they may do, how their studio is set up, and the list of studios."""
