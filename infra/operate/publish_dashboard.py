"""``publish-dashboard``: puts the built page into the stack's bucket."""

import json
import mimetypes
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.aws import AwsClients
from infra.build.dashboard import build_dashboard
from infra.operate.options import StackName
from infra.operate.output import print_line, progress
from infra.operate.stack import OperatedStack, find_stack

# The name of an asset changes with its content.
_FOREVER = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"
_NEVER_KEEP = "no-store"


def publish_dashboard(stack: StackName = None) -> None:
    """Build the dashboard and publish it for a deployed stack."""
    publish_page(find_stack(stack))


def publish_page(operated: OperatedStack) -> None:
    """Build the page, publish it for a stack, and say where it is."""
    with progress.stage("build the page"):
        built = build_dashboard()
    with progress.stage("publish the page"):
        publish(operated.aws, operated.outputs, built.path)
    address, url = operated.output("DashboardAddress"), operated.output("DashboardUrl")
    print_line(f"Dashboard: {url}")
    if url != address:
        print_line(f"Sign-in works at that address alone. CloudFront's own is {address}.")


def publish(aws: AwsClients, outputs: Mapping[str, str], folder: Path) -> None:
    """Put the page's files into the bucket: first what others name, then what names them.

    So nobody ever loads a page whose files are not there. Files of earlier versions stay, because
    pages that are open still load them.
    """
    bucket = outputs["DashboardBucketName"]

    def put(name: str, body: bytes, cache: str) -> None:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        aws.s3.put_object(Bucket=bucket, Key=name, Body=body, ContentType=kind, CacheControl=cache)

    def put_file(path: Path, cache: str) -> None:
        put(path.relative_to(folder).as_posix(), path.read_bytes(), cache)

    assets = [path for path in sorted((folder / "assets").rglob("*")) if path.is_file()]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: put_file(path, _FOREVER), assets))
    put("config.json", json.dumps(_config(aws, outputs)).encode(), _NEVER_KEEP)
    for page in sorted(folder.glob("*.html")):
        put_file(page, _ASK_EACH_TIME)


def _config(aws: AwsClients, outputs: Mapping[str, str]) -> dict[str, str]:
    """Return what the page must know about the stack. Nothing of it is secret."""
    return {
        "issuer": f"https://cognito-idp.{aws.session.region_name}.amazonaws.com/"
        f"{outputs['UserPoolId']}",
        "client_id": outputs["UserPoolClientId"],
        "sign_in_url": outputs["SignInUrl"],
    }
