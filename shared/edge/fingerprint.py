"""Fingerprints of bodies, to check that a repeated Idempotency-Key has the same body."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def fingerprint_of(body: Mapping[str, Any]) -> str:
    """Return a digest of a checked body. The order of its fields does not matter."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]
