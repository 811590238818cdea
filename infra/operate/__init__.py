"""Operating a deployed stack."""
