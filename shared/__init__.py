"""Code used by more than one function: domain rules, gateways, workflows and the edges."""
