"""How the page is served: from a private bucket, next to the API, with strict headers."""

import re
from urllib.parse import urlsplit

import httpx
import pytest

from infra.operate.stack import OperatedStack
from tests.e2e.world import DeployedStack

pytestmark = pytest.mark.stack


def get(world: DeployedStack, path: str) -> httpx.Response:
    """Ask CloudFront. A header names it: not every resolver knows the names under localhost."""
    host = urlsplit(world.stack.dashboard_url).netloc
    return world.http.get(f"{world.stack.aws.endpoint_url}{path}", headers={"Host": host})


def output(world: DeployedStack, name: str) -> str:
    (stack,) = world.stack.aws.cloudformation.describe_stacks(StackName="pps-refunds")["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    return OperatedStack("pps-refunds", world.stack.aws, outputs).output(name)


def test_the_bucket_refuses_everybody_but_cloudfront(world: DeployedStack) -> None:
    bucket = output(world, "DashboardBucketName")
    answer = world.http.get(f"{world.stack.aws.endpoint_url}/{bucket}/index.html")
    assert answer.status_code == 403
    assert get(world, "/index.html").status_code == 200


@pytest.mark.parametrize("path", ["/", "/orders/ord_100", "/orders/ord.100", "/reports/refunds"])
def test_every_address_of_a_screen_serves_the_page(world: DeployedStack, path: str) -> None:
    answer = get(world, path)
    assert answer.status_code == 200
    assert '<div id="app">' in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["strict-transport-security"].startswith("max-age=63072000")


def test_scripts_and_styles_are_hashed_and_kept_forever(world: DeployedStack) -> None:
    page = get(world, "/").text
    loaded = re.findall(r'(?:src|href)="(/assets/[^"]+\.(?:js|css))" integrity="sha384-', page)
    assert len(loaded) == len(re.findall(r'="/assets/[^"]+\.(?:js|css)"', page)) > 0
    for path in loaded:
        assert get(world, path).headers["cache-control"] == "public, max-age=31536000, immutable"


def test_the_page_learns_about_the_stack_from_a_file_that_is_never_kept(
    world: DeployedStack,
) -> None:
    answer = get(world, "/config.json")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["client_id"] == output(world, "UserPoolClientId")


def test_nothing_in_a_previewed_message_may_run(world: DeployedStack) -> None:
    policy = get(world, "/preview.html").headers["content-security-policy"]
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/orders"])
def test_the_api_answers_problems_through_cloudfront(world: DeployedStack, path: str) -> None:
    answer = get(world, path)
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.status_code == answer.json()["status"] == (401 if "orders" in path else 404)
