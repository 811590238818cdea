"""Steps of a refund that more than one function takes."""
