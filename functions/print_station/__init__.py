"""The print station, and stopping what it makes."""
