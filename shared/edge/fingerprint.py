"""Telling whether a repeated Idempotency-Key came with the same body."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def fingerprint_of(body: Mapping[str, Any]) -> str:
    """Return a digest of a checked body; the order of its fields does not matter."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]
