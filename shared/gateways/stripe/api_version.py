"""The version of Stripe's API, in a file that loads no SDK."""

# The version whose objects this code reads. The webhook endpoints use the same.
API_VERSION = "2026-10-28.endive"
