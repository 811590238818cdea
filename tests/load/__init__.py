"""Load: refunds at a rate through all three functions, with and without workers being killed."""
