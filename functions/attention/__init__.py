"""The list of what a person must act on, and recording what the person did."""
