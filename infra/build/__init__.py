"""Building what is deployed, and what is generated from the code."""
