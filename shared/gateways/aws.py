"""AWS clients, made once per execution environment."""

from typing import TYPE_CHECKING, Any, Literal, overload

from botocore import handlers
from botocore.config import Config
from botocore.session import Session

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
# Uploading a part of a large file, and joining the parts, can take long.
_FILES = Config(read_timeout=60, signature_version="s3v4")


# The services for which botocore has handlers of its own, of those that we call.
_SERVICES_WITH_HANDLERS = frozenset({"s3", "sqs", "sts"})


def _session() -> Session:
    """Return a session without the handlers of services that we do not call.

    botocore registers those of all services and of its documentation, and copies them for each
    client. That is a twentieth of a cold start.
    """
    session = Session(include_builtin_handlers=False)
    events = session.get_component("event_emitter")
    register = {
        None: events.register,
        handlers.REGISTER_FIRST: events.register_first,
        handlers.REGISTER_LAST: events.register_last,
    }
    for event, handler, *place in handlers.BUILTIN_HANDLERS:
        kind, *service = event.split(".")
        if kind != "docs" and (not service or service[0] in _SERVICES_WITH_HANDLERS):
            register[place[0] if place else None](event, handler)
    return session


# The functions need only botocore. boto3 is a layer on top, and importing it also imports
# s3transfer and multiprocessing.
_SESSION = _session()


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
    return _SESSION.create_client(service, config=_CONFIG)


def mail_client() -> "SESV2Client":
    """Return a client for sending mail. It never retries, so each mail is sent at most once."""
    return _SESSION.create_client("sesv2", config=_ONCE)  # type: ignore[return-value]  # one service's


def files_client() -> "S3Client":
    """Return a client for files, with long time limits.

    Newer regions accept only links that are signed with ``s3v4``, which is not the default.
    """
    return _SESSION.create_client("s3", config=_CONFIG.merge(_FILES))  # type: ignore[return-value]  # one service's
