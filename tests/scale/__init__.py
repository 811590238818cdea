"""Simulates what scheduled work costs and how long it takes, for many studios: `make scale`."""
