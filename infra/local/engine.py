"""The local AWS: MiniStack, enforcing IAM, on this machine only."""

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from infra.local.options import Options
from infra.local.processes import Background, background
from infra.paths import ENGINE_PYTHON, ROOT

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient

_LOCAL = Path(__file__).parent

# The engine takes this key for the account's root: nothing is refused to it.
ROOT_KEY = "test"

# What our processes see of the caller's environment. Lambda workers inherit the
# engine's, so a function finds here no more than what AWS would give it, and
# what it takes to reach a Stripe outside through the network's proxy.
_HANDED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
)


def handed_on() -> dict[str, str]:
    """Return the part of our environment that other processes get."""
    return {name: os.environ[name] for name in _HANDED_ON if name in os.environ}


@dataclass(frozen=True)
class Aws:
    """Clients of the local AWS, as the account's root."""

    endpoint_url: str
    region: str

    @property
    def environment(self) -> dict[str, str]:
        """What a tool needs to talk to it and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            # Not the user's own accounts, whatever happens.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @functools.cached_property
    def session(self) -> boto3.Session:
        """A session with root's credentials."""
        return boto3.Session(
            aws_access_key_id=ROOT_KEY, aws_secret_access_key=ROOT_KEY, region_name=self.region
        )

    @functools.cached_property
    def _config(self) -> Config:
        # An import or a round of reconciliation may take its function's whole timeout.
        return Config(read_timeout=330, retries={"total_max_attempts": 1}, proxies={})

    @functools.cached_property
    def cloudformation(self) -> "CloudFormationClient":
        """CloudFormation."""
        return self.session.client(
            "cloudformation", endpoint_url=self.endpoint_url, config=self._config
        )

    @functools.cached_property
    def cognito(self) -> "CognitoIdentityProviderClient":
        """Cognito's user pools."""
        return self.session.client(
            "cognito-idp", endpoint_url=self.endpoint_url, config=self._config
        )

    @functools.cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """DynamoDB."""
        return self.session.client("dynamodb", endpoint_url=self.endpoint_url, config=self._config)

    @functools.cached_property
    def iam(self) -> "IAMClient":
        """IAM."""
        return self.session.client("iam", endpoint_url=self.endpoint_url, config=self._config)

    @functools.cached_property
    def kms(self) -> "KMSClient":
        """KMS."""
        return self.session.client("kms", endpoint_url=self.endpoint_url, config=self._config)

    @functools.cached_property
    def lambda_(self) -> "LambdaClient":
        """Lambda."""
        return self.session.client("lambda", endpoint_url=self.endpoint_url, config=self._config)

    @functools.cached_property
    def mail(self) -> "SESV2Client":
        """SES."""
        return self.session.client("sesv2", endpoint_url=self.endpoint_url, config=self._config)

    @functools.cached_property
    def s3(self) -> "S3Client":
        """S3."""
        return self.session.client("s3", endpoint_url=self.endpoint_url, config=self._config)

    @functools.cached_property
    def secrets(self) -> "SecretsManagerClient":
        """Secrets Manager."""
        return self.session.client(
            "secretsmanager", endpoint_url=self.endpoint_url, config=self._config
        )

    @functools.cached_property
    def sqs(self) -> "SQSClient":
        """SQS."""
        return self.session.client("sqs", endpoint_url=self.endpoint_url, config=self._config)


@dataclass(frozen=True)
class Engine:
    """A running engine.

    Attributes:
        iam_log: Its IAM decisions about roles, a JSON object a line.
    """

    aws: Aws
    process: Background
    iam_log: Path

    def wait_until_ready(self) -> None:
        """Wait until it takes requests."""
        self.process.wait_for(f"{self.aws.endpoint_url}/_ministack/health")


@contextmanager
def run_engine(options: Options, port: int, scratch: Path) -> Iterator[Engine]:
    """Run the engine; it may not be ready yet.

    Args:
        options: The stack's options.
        port: Where it listens.
        scratch: A folder for what it unpacks; gone after the run.
    """
    aws = Aws(f"http://127.0.0.1:{port}", options.region)
    iam_log = options.logs / "iam.jsonl"
    iam_log.parent.mkdir(parents=True, exist_ok=True)
    iam_log.write_text("")
    env = handed_on() | {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": options.region,
        "TMPDIR": str(scratch),
        "S3_DATA_DIR": str(scratch / "s3"),
        # Listeners on other ports that nobody here talks to.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PYTHONUNBUFFERED": "1",
    }
    if options.keep:
        env |= {"PERSIST_STATE": "1", "STATE_DIR": str(options.state / "engine")}
        (options.state / "engine").mkdir(parents=True, exist_ok=True)
    # -P: a module beside the scripts must not shadow one of the engine's.
    command: list[str | Path] = [ENGINE_PYTHON, "-P", _LOCAL / "exit_with_parent.py"]
    command += [_LOCAL / "engine_launcher.py", iam_log]
    log = options.logs / "engine.log"
    with background(command, name="the AWS engine", log=log, env=env, cwd=ROOT) as process:
        yield Engine(aws, process, iam_log)
