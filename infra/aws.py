"""Clients of an AWS account, in the cloud or on this machine."""

import functools
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient, DynamoDBServiceResource
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient

# A function may run for 15 minutes. A second try would call it twice.
_WAIT_FOR_FUNCTION = Config(read_timeout=910, retries={"total_max_attempts": 1})


class AwsClients:
    """Clients of one account in one region. Each client is made on first use.

    Args:
        session: The credentials and the region.
        endpoint_url: The address of an AWS on this machine; None for AWS itself.
        config: Settings for all clients.
    """

    def __init__(
        self,
        session: boto3.Session,
        endpoint_url: str | None = None,
        config: Config | None = None,
    ) -> None:
        self.session = session
        self._endpoint_url = endpoint_url
        self._config = config or Config()

    @functools.cached_property
    def api_gateway(self) -> Any:  # noqa: ANN401  # used too little for another package of types
        """API Gateway's REST APIs."""
        return self.session.client(
            "apigateway", endpoint_url=self._endpoint_url, config=self._config
        )

    @functools.cached_property
    def cloudformation(self) -> "CloudFormationClient":
        """CloudFormation."""
        return self.session.client(
            "cloudformation", endpoint_url=self._endpoint_url, config=self._config
        )

    @functools.cached_property
    def cloudwatch(self) -> Any:  # noqa: ANN401  # no types are installed for it
        """CloudWatch."""
        return self.session.client(
            "cloudwatch", endpoint_url=self._endpoint_url, config=self._config
        )

    @functools.cached_property
    def sns(self) -> Any:  # noqa: ANN401  # no types are installed for it
        """SNS."""
        return self.session.client("sns", endpoint_url=self._endpoint_url, config=self._config)

    @functools.cached_property
    def cognito(self) -> "CognitoIdentityProviderClient":
        """Cognito's user pools."""
        return self.session.client(
            "cognito-idp", endpoint_url=self._endpoint_url, config=self._config
        )

    @functools.cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """DynamoDB."""
        return self.session.client("dynamodb", endpoint_url=self._endpoint_url, config=self._config)

    @functools.cached_property
    def dynamodb_resource(self) -> "DynamoDBServiceResource":
        """DynamoDB with Python values instead of typed attributes."""
        return self.session.resource(
            "dynamodb", endpoint_url=self._endpoint_url, config=self._config
        )

    @functools.cached_property
    def iam(self) -> "IAMClient":
        """IAM."""
        return self.session.client("iam", endpoint_url=self._endpoint_url, config=self._config)

    @functools.cached_property
    def kms(self) -> "KMSClient":
        """KMS."""
        return self.session.client("kms", endpoint_url=self._endpoint_url, config=self._config)

    @functools.cached_property
    def lambda_(self) -> "LambdaClient":
        """Lambda, with time for the slowest function."""
        config = self._config.merge(_WAIT_FOR_FUNCTION)
        return self.session.client("lambda", endpoint_url=self._endpoint_url, config=config)

    @functools.cached_property
    def logs(self) -> Any:  # noqa: ANN401  # one call does not earn its stubs
        """CloudWatch's logs."""
        return self.session.client("logs", endpoint_url=self._endpoint_url, config=self._config)

    @functools.cached_property
    def mail(self) -> "SESV2Client":
        """SES."""
        return self.session.client("sesv2", endpoint_url=self._endpoint_url, config=self._config)

    @functools.cached_property
    def s3(self) -> "S3Client":
        """S3."""
        return self.session.client("s3", endpoint_url=self._endpoint_url, config=self._config)

    @functools.cached_property
    def secrets(self) -> "SecretsManagerClient":
        """Secrets Manager."""
        return self.session.client(
            "secretsmanager", endpoint_url=self._endpoint_url, config=self._config
        )

    @functools.cached_property
    def sts(self) -> Any:  # noqa: ANN401  # used too little for another package of types
        """STS, which says whose the credentials are."""
        return self.session.client("sts", endpoint_url=self._endpoint_url, config=self._config)

    @functools.cached_property
    def sqs(self) -> "SQSClient":
        """SQS."""
        return self.session.client("sqs", endpoint_url=self._endpoint_url, config=self._config)
