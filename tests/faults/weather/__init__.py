"""Bad weather: everything goes wrong that can, drawn from one seed."""
