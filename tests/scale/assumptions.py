"""What the simulation assumes: delays, limits and how much there is to do."""

# One call each, in seconds.
DYNAMODB_SECONDS = 0.006
STRIPE_SECONDS = 0.25
OTHER_SECONDS = {"sqs": 0.01, "s3": 0.03, "kms": 0.01, "secrets-manager": 0.01}
# Lambda's own part of each invocation.
INVOCATION_SECONDS = 0.02
# Following one entry of a ledger: its hash and its sums.
ENTRY_SECONDS = 0.0002

# https://docs.stripe.com/rate-limits
STRIPE_READS_A_SECOND = 100
STRIPE_WRITES_A_SECOND = 100
STRIPE_CALLS_A_SECOND_ON_ONE_ENDPOINT = 25

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
PAGE_BYTES = 1_000_000

STUDIO_COUNTS = (1_000, 10_000, 100_000)


def seconds_of(service: str) -> float:
    """Return how long a call to a service takes."""
    if service == "dynamodb":
        return DYNAMODB_SECONDS
    return STRIPE_SECONDS if service == "stripe" else OTHER_SECONDS[service]
