"""Signing of the functions' code with a profile of AWS Signer."""

from infra.build.deployed_template import source_template

SIGNING_PARAMETER = "SigningProfileVersionArn"


def signing_options(profile_version_arn: str) -> list[str]:
    """Return the options with which `sam deploy` signs each function's code.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/authoring-codesigning.html

    Args:
        profile_version_arn: ``arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME/VERSION``. Empty
            signs nothing.
    """
    if not profile_version_arn:
        return []
    _, _, _, _, owner, profile = profile_version_arn.split(":")
    _, _, name, _ = profile.split("/")
    functions = (
        logical_id
        for logical_id, each in source_template()["Resources"].items()
        if each["Type"] == "AWS::Serverless::Function"
    )
    return ["--signing-profiles", *(f"{each}={name}:{owner}" for each in functions)]
