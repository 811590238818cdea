"""What the mail service says about messages to parents after it took them."""
