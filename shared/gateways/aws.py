"""AWS clients, made once per execution environment."""

from typing import TYPE_CHECKING, Any, Literal, overload

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient

# Short, because a caller waits: botocore's own limits are 60 s and would outlive the function.
_CONFIG = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4}
)
# For what must not be done twice: one try, and patience, since a time-out leaves nobody knowing.
_ONCE = Config(connect_timeout=2, read_timeout=15, retries={"total_max_attempts": 1})
# A part of a large file takes longer than an item, and putting the parts together too.
_FILES = Config(read_timeout=60, signature_version="s3v4")


# botocore, on which boto3 is a layer: the functions need no more, and boto3's import brings
# s3transfer and multiprocessing with it.
_SESSION = botocore.session.get_session()


@overload
def client(service: Literal["dynamodb"]) -> "DynamoDBClient": ...
@overload
def client(service: Literal["kms"]) -> "KMSClient": ...
@overload
def client(service: Literal["sqs"]) -> "SQSClient": ...
@overload
def client(service: Literal["secretsmanager"]) -> "SecretsManagerClient": ...
@overload
def client(service: Literal["sesv2"]) -> "SESV2Client": ...
def client(service: str) -> Any:
    """Return a client of the service with this product's time limits and retries."""
    return _SESSION.create_client(service, config=_CONFIG)


def mail_client() -> "SESV2Client":
    """Return a client that sends each mail once, whatever happens, and never by itself again."""
    return _SESSION.create_client("sesv2", config=_ONCE)  # type: ignore[return-value]  # one service's


def files_client() -> "S3Client":
    """Return a client for files: patient with large ones, and its links are of one region.

    Without ``s3v4``, links would be signed the old way, which newer regions do not know.
    """
    return _SESSION.create_client("s3", config=_CONFIG.merge(_FILES))  # type: ignore[return-value]  # one service's
