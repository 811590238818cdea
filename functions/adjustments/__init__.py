"""Manual adjustments of what PPS owes a studio: one PPS admin proposes, another one decides."""
