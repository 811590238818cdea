"""The local AWS: MiniStack, enforcing IAM, on this machine only."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from botocore.config import Config

from infra.aws import AwsClients
from infra.local.aws_session import local_session
from infra.local.options import Options
from infra.local.processes import Background, background
from infra.paths import ENGINE_PYTHON, NODE, ROOT

_LOCAL = Path(__file__).parent

# The engine takes this key for the account's root, which may do everything.
ROOT_KEY = "test"

# What our processes get of the caller's environment. The engine's Lambda workers inherit it, so a
# function sees here what AWS would give it, and what it needs to reach Stripe through a proxy.
_INHERITED_VARIABLES = (
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


def inherited_environment() -> dict[str, str]:
    """Return the part of our environment that other processes get."""
    return {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}


class Aws(AwsClients):
    """The local AWS, as the account's root.

    Args:
        endpoint_url: The engine's address.
        region: The region it plays.
    """

    def __init__(self, endpoint_url: str, region: str) -> None:
        session = local_session(region, ROOT_KEY)
        # An import may take its function's whole timeout, and must not be tried twice.
        config = Config(read_timeout=330, retries={"total_max_attempts": 1})
        super().__init__(session, endpoint_url, config)
        self.endpoint_url = endpoint_url
        self.region = region

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which a tool talks to this AWS and to no other."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            # Keeps the user's own accounts out of reach.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@dataclass(frozen=True)
class Engine:
    """A running engine.

    Attributes:
        iam_log: Its IAM decisions about roles, one JSON object per line.
    """

    aws: Aws
    process: Background
    iam_log: Path

    def wait_until_ready(self) -> None:
        """Wait until the engine takes requests.

        Raises:
            Failure: It ends or stays silent.
        """
        self.process.wait_for(f"{self.aws.endpoint_url}/_ministack/health")


@contextmanager
def run_engine(options: Options, port: int, scratch: Path) -> Iterator[Engine]:
    """Run the engine for as long as the context lasts. It may not be ready yet.

    Args:
        options: The stack's options.
        port: The port it listens on.
        scratch: A folder for what the engine unpacks, deleted after the run.
    """
    aws = Aws(f"http://127.0.0.1:{port}", options.region)
    iam_log = options.logs / "iam.jsonl"
    iam_log.parent.mkdir(parents=True, exist_ok=True)
    iam_log.write_text("")
    inherited = inherited_environment()
    env = inherited | {
        # CloudFront's functions are JavaScript.
        "PATH": os.pathsep.join([str(NODE.parent), inherited.get("PATH", os.defpath)]),
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": options.region,
        "TMPDIR": str(scratch),
        "S3_DATA_DIR": str(scratch / "s3"),
        # Switches off listeners on other ports that this project does not use.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PYTHONUNBUFFERED": "1",
    }
    if options.keep:
        env |= {"PERSIST_STATE": "1", "STATE_DIR": str(options.state / "engine")}
        (options.state / "engine").mkdir(parents=True, exist_ok=True)
    # -P keeps modules beside the scripts from shadowing the engine's own.
    command: list[str | Path] = [ENGINE_PYTHON, "-P", _LOCAL / "exit_with_parent.py"]
    command += [_LOCAL / "engine_launcher.py", iam_log]
    log = options.logs / "engine.log"
    with background(command, name="the AWS engine", log=log, env=env, cwd=ROOT) as process:
        yield Engine(aws, process, iam_log)
