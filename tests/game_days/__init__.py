"""Bad days to practice on the running local stack: what breaks, what shows it, what mends it."""
