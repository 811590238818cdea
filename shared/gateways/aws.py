"""AWS clients, made once per execution environment."""

from typing import TYPE_CHECKING, Any, Literal, cast, overload
from weakref import WeakSet

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient

# Short limits, because a caller waits. botocore's own 60 s are longer than a function may run.
_CONFIG = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4}
)
# For calls that must not happen twice: one try with a long limit, because after a time-out the
# outcome is unknown.
_ONCE = Config(connect_timeout=2, read_timeout=15, retries={"total_max_attempts": 1})
# For counting requests: one short try, because a user waits and the count may get lost.
_COUNTING = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
# Uploading a part of a large file, and joining the parts, can take long.
_FILES = Config(read_timeout=60, signature_version="s3v4")


# All clients of this environment.
_CLIENTS: WeakSet[Any] = WeakSet()

# The functions need only botocore. boto3 is a layer on top, and importing it also imports
# s3transfer and multiprocessing.
_SESSION = botocore.session.get_session()


@overload
def client(service: Literal["dynamodb"]) -> "DynamoDBClient": ...
@overload
def client(service: Literal["cognito-idp"]) -> "CognitoIdentityProviderClient": ...
@overload
def client(service: Literal["kms"]) -> "KMSClient": ...
@overload
def client(service: Literal["sqs"]) -> "SQSClient": ...
@overload
def client(service: Literal["secretsmanager"]) -> "SecretsManagerClient": ...
@overload
def client(service: Literal["sesv2"]) -> "SESV2Client": ...
def client(service: str) -> Any:
    """Return a client for a service, with this product's time limits and retries."""
    return _created(service, _CONFIG)


def mail_client() -> "SESV2Client":
    """Return a client for sending mail. It never retries, so each mail is sent at most once."""
    return cast("SESV2Client", _created("sesv2", _ONCE))


def files_client() -> "S3Client":
    """Return a client for files, with long time limits.

    Newer regions accept only links that are signed with ``s3v4``, which is not the default.
    """
    return cast("S3Client", _created("s3", _CONFIG.merge(_FILES)))


def counting_client() -> "DynamoDBClient":
    """Return a client for counts that may get lost. It tries once, for a second at most."""
    return cast("DynamoDBClient", _created("dynamodb", _CONFIG.merge(_COUNTING)))


def close_connections() -> None:
    """Close the connections of all clients. The next call of each opens a new one."""
    for each in _CLIENTS:
        each.close()


def _created(service: str, config: Config) -> Any:  # noqa: ANN401  # any service's
    made = _SESSION.create_client(service, config=config)
    _CLIENTS.add(made)
    return made
