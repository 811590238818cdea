"""What the simulation assumes: delays, limits and how much there is to do."""

# One call each, in seconds.
DYNAMODB_SECONDS = 0.006
STRIPE_SECONDS = 0.25
OTHER_SECONDS = {"sqs": 0.01, "s3": 0.03, "kms": 0.01, "secrets-manager": 0.01}
# A page of a hundred objects, and of as many items or a megabyte.
STRIPE_PAGE_SECONDS = 0.5
DYNAMODB_PAGE_SECONDS = 0.02
# Lambda's own part of each invocation.
INVOCATION_SECONDS = 0.02
# Following one entry of a ledger: its hash and its sums.
ENTRY_SECONDS = 0.0002
# Comparing one refund on both sides: parsing what Stripe and the tables answer.
REFUND_SECONDS = 0.002

# Adding one movement of the platform's balance to the books, with its entry.
MOVEMENT_SECONDS = 0.001

# https://docs.stripe.com/rate-limits
STRIPE_READS_A_SECOND = 100
STRIPE_WRITES_A_SECOND = 100
STRIPE_CALLS_A_SECOND_ON_ONE_ENDPOINT = 25

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
PAGE_BYTES = 1_000_000

STUDIO_COUNTS = (1_000, 10_000, 100_000)
# Of so many studios one charges on a Stripe account of its own.
STUDIOS_FOR_EACH_OWN_ACCOUNT = 10
REFUNDS_OF_A_STUDIO_A_DAY = 10
SALES_FOR_EACH_REFUND = 4
# All refunds are made in so many hours of each day, from this hour (UTC) on.
BUSY_FROM_HOUR, BUSY_HOURS = 14, 12


def seconds_of(service: str) -> float:
    """Return how long a call to a service takes."""
    if service == "dynamodb":
        return DYNAMODB_SECONDS
    return STRIPE_SECONDS if service == "stripe" else OTHER_SECONDS[service]


def seconds_of_page(service: str) -> float:
    """Return how long a call to a service takes whose answer is a full page."""
    return STRIPE_PAGE_SECONDS if service == "stripe" else DYNAMODB_PAGE_SECONDS
