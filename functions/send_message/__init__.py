"""Writing to the parent, when a person says so."""
