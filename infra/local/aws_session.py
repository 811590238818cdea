"""A session of boto3 that reads nothing of the caller's AWS configuration and uses no proxy."""

import os

import boto3
import botocore.session
from botocore.config import Config

# A profile in the environment is about AWS, and may not even exist here.
_NO_PROFILE: dict[str, tuple[None, None, str | None, None]] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def local_session(region: str | None = None, key: str | None = None) -> boto3.Session:
    """Return a session for this machine.

    Args:
        region: The region that the local AWS plays.
        key: The access key and its secret.
    """
    core = botocore.session.Session(_NO_PROFILE)
    core.set_default_client_config(Config(proxies={}))  # nothing on this machine needs one
    return boto3.Session(
        aws_access_key_id=key,
        aws_secret_access_key=key,
        region_name=region,
        botocore_session=core,
    )
