"""What stands before the functions: the API's domain, AWS WAF, throttles and headers."""

import json
from typing import Any

from infra.build.deployed_template import deployed_resources
from shared.edge.fair_share import LIMITS
from shared.edge.security_headers import SECURITY_HEADERS

# API Gateway quotes a header's value with the quotes that this policy needs inside.
_NOT_AT_API_GATEWAY = {"Content-Security-Policy"}


def properties(logical_id: str) -> dict[str, Any]:
    found: dict[str, Any] = deployed_resources()[logical_id]["Properties"]
    return found


def test_with_its_own_domain_the_api_has_no_other_address() -> None:
    (server,) = properties("Api")["Body"]["servers"]
    assert server["x-amazon-apigateway-endpoint-configuration"] == {
        "disableExecuteApiEndpoint": {"Fn::If": ["HasApiDomain", True, False]}
    }
    domain = properties("ApiDomainName")
    assert domain["SecurityPolicy"] == "TLS_1_2"
    assert properties("ApiDomainPath")["BasePath"] == properties("ApiDomainPath")["Stage"] == "v1"
    origins = {each["Id"]: each for each in _distribution()["Origins"]}
    assert origins["api"]["DomainName"]["Fn::If"][:2] == ["HasApiDomain", {"Ref": "ApiDomain"}]
    assert origins["api"]["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]


def test_the_page_s_own_domain_speaks_no_old_tls() -> None:
    certificate = _distribution()["ViewerCertificate"]["Fn::If"][1]
    assert certificate["MinimumProtocolVersion"] == "TLSv1.2_2021"


def test_waf_is_before_the_api_and_the_page_where_it_is_asked_for() -> None:
    resources = deployed_resources()
    for logical_id in ("ApiWebAcl", "ApiWebAclAssociation"):
        assert resources[logical_id]["Condition"] == "HasWebAcl"
    rules = {each["Name"]: each for each in _rules("ApiWebAcl")}
    assert rules.keys() == {"rate", "session", "stripe", "bad-addresses", "bad-inputs", "common"}
    assert {each["Name"] for each in _rules("PageWebAcl")} == {
        "rate",
        "bad-addresses",
        "bad-inputs",
    }
    assert _distribution()["WebACLId"]["Fn::If"][0] == "HasPageWebAcl"


def test_a_session_has_a_share_of_the_api_and_is_told_when_it_used_it_up() -> None:
    (session,) = (each for each in _rules("ApiWebAcl") if each["Name"] == "session")
    counted = session["Statement"]["RateBasedStatement"]
    assert [key["Header"]["Name"] for key in counted["CustomKeys"]] == ["authorization"]
    every, _ = properties("Apiv1Stage")["MethodSettings"]
    assert counted["Limit"] / (5 * 60) <= every["ThrottlingRateLimit"] / 100
    answer = session["Action"]["Block"]["CustomResponse"]
    bodies = properties("ApiWebAcl")["CustomResponseBodies"]
    problem = json.loads(bodies[answer["CustomResponseBodyKey"]]["Content"])
    assert (answer["ResponseCode"], problem["status"]) == (429, 429)
    assert problem["code"] == "too_many_requests"


def test_what_a_studio_may_send_is_a_small_part_of_what_the_api_takes() -> None:
    every, _ = properties("Apiv1Stage")["MethodSettings"]
    a_second = sum(limit.a_minute for limit in LIMITS.values()) / 60
    assert a_second <= every["ThrottlingRateLimit"] / 10


def test_no_two_rules_of_a_web_acl_have_the_same_priority() -> None:
    for logical_id in ("ApiWebAcl", "PageWebAcl"):
        priorities = [each["Priority"] for each in _rules(logical_id)]
        assert len(set(priorities)) == len(priorities)


def test_no_managed_rule_sees_stripe_s_signed_events() -> None:
    """A parent's name is in them, and could be made to look like an attack."""
    rules = {each["Name"]: each["Statement"] for each in _rules("ApiWebAcl")}
    path, others = rules["stripe"]["AndStatement"]["Statements"]
    assert path["ByteMatchStatement"]["SearchString"] == "/webhooks/stripe"
    assert "StripeAddressSet" in json.dumps(others["NotStatement"])
    managed = [each for each in rules.values() if "ManagedRuleGroupStatement" in each]
    assert len(managed) == 3
    for each in managed:
        scope = each["ManagedRuleGroupStatement"]["ScopeDownStatement"]
        assert scope == {"NotStatement": {"Statement": path}}


def test_the_webhook_has_a_throttle_of_its_own_below_the_api_s() -> None:
    every, webhook = properties("Apiv1Stage")["MethodSettings"]
    assert webhook["ResourcePath"] == "/~1webhooks~1stripe"
    assert webhook["ThrottlingRateLimit"] < every["ThrottlingRateLimit"]


def test_the_access_log_is_json_and_has_the_caller_s_address() -> None:
    line = json.loads(properties("Apiv1Stage")["AccessLogSetting"]["Format"])
    assert line["source_address"] == "$context.identity.sourceIp"
    assert not {"user", "claims", "authorizer"} & line.keys()


def test_api_gateway_s_own_errors_have_the_security_headers_of_the_functions() -> None:
    body = properties("Api")["Body"]
    for kind, answer in body["x-amazon-apigateway-gateway-responses"].items():
        for name, value in SECURITY_HEADERS.items():
            if name not in _NOT_AT_API_GATEWAY:
                header = f"gatewayresponse.header.{name}"
                assert answer["responseParameters"][header] == f"'{value}'", kind


def _rules(logical_id: str) -> list[dict[str, Any]]:
    """Return a web ACL's rules, also those that a condition may leave out."""
    rules = properties(logical_id)["Rules"]
    return [each["Fn::If"][1] if "Fn::If" in each else each for each in rules]


def _distribution() -> dict[str, Any]:
    found: dict[str, Any] = properties("DashboardDistribution")["DistributionConfig"]
    return found
