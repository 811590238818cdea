"""The headers that every answer of the API has. API Gateway's own errors have them too."""

from typing import Any

# No cache keeps an answer, because all are personal. No browser guesses a type, frames an answer or
# asks over plain HTTP: https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def with_security_headers(answer: dict[str, Any]) -> dict[str, Any]:
    """Return a function's answer to API Gateway with the headers added."""
    headers = answer.get("multiValueHeaders", {})
    added = {name: [value] for name, value in SECURITY_HEADERS.items()}
    return answer | {"multiValueHeaders": {**headers, **added}}
