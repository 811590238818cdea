"""What Lambda tells a handler about its call, for handlers that are called in a test's process."""

from dataclasses import dataclass


@dataclass
class LambdaContext:
    """What Powertools reads of Lambda's context."""

    function_name: str = "test"
    memory_limit_in_mb: int = 128
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:test"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"
