"""AWS clients, made once per execution environment."""

from typing import TYPE_CHECKING, Any, Literal, overload

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

# Short, because a caller waits: botocore's own limits are 60 s and would outlive the function.
_CONFIG = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4}
)


# botocore, on which boto3 is a layer: the functions need no more, and boto3's import brings
# s3transfer and multiprocessing with it.
_SESSION = botocore.session.get_session()


@overload
def client(service: Literal["dynamodb"]) -> "DynamoDBClient": ...
@overload
def client(service: Literal["sqs"]) -> "SQSClient": ...
@overload
def client(service: Literal["secretsmanager"]) -> "SecretsManagerClient": ...
def client(service: str) -> Any:
    """Return a client of the service with this product's time limits and retries."""
    return _SESSION.create_client(service, config=_CONFIG)
