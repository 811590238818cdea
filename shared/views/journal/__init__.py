"""The journal in the formats that general ledgers import."""
