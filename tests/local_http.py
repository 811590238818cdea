"""The HTTP client of a test process, for what runs on this machine."""

import httpx

# One for all tests: each new client reads every certificate authority, for 40 ms of a core.
# It drops a connection before the stand-in does, which keeps one for five seconds.
HTTP = httpx.Client(
    timeout=60, trust_env=False, limits=httpx.Limits(max_connections=None, keepalive_expiry=2)
)
