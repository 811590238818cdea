"""The Lambda context for handlers that a test calls in its own process."""

from dataclasses import dataclass


@dataclass
class LambdaContext:
    """The attributes of Lambda's context that Powertools reads."""

    function_name: str = "test"
    memory_limit_in_mb: int = 128
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:test"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """Return how many milliseconds the function has left."""
        return 300_000
