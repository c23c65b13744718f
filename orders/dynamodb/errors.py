"""What the errors of botocore and PynamoDB mean to the rest of the package."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from ssl import SSLCertVerificationError

from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException
from urllib3.exceptions import LocationValueError
from urllib3.util.ssl_match_hostname import CertificateError

from orders.dynamodb.replies import UnreadableReplyError
from orders.errors import StoreMisconfiguredError, StoreUnavailableError
from orders.reading import StoredOrder

# Temporary errors, raised after the last retry.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
THROTTLING_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
TRANSIENT_CODES = THROTTLING_CODES | {
    # Raised after the credentials have been renewed once.
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalServerError",
    # The clock of this machine differs from that of AWS.
    "InvalidSignatureException",
    "ReplicatedWriteConflictException",
    "RequestTimeout",
    "RequestTimeoutException",
    # A deploy may be creating the table.
    "ResourceNotFoundException",
    "ServiceUnavailable",
    # A transaction of another program is changing the order.
    "TransactionConflictException",
}
TRANSIENT_STATUSES = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})

# No response, an incomplete response, or no credentials from the service that issues them. All other botocore errors
# are permanent until the configuration changes.
NO_RESPONSE = (
    aws.CapacityNotAvailableError,
    aws.ChecksumError,
    aws.ConnectionError,
    aws.CredentialRetrievalError,
    aws.HTTPClientError,
    aws.IncompleteReadError,
    aws.MetadataRetrievalError,
    UnreadableReplyError,
)
# botocore wraps these in errors of the classes above: an invalid address, a certificate that is not trusted or belongs
# to another host, a missing certificate file.
MISTAKES = (LocationValueError, SSLCertVerificationError, CertificateError, FileNotFoundError)

ADVICE = {
    aws.ProfileNotFound: "Unset AWS_PROFILE, or add the profile to ~/.aws/config.",
    aws.ConfigParseError: "Correct that file, or name another one in AWS_CONFIG_FILE.",
    aws.NoCredentialsError: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
    aws.PartialCredentialsError: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither.",
    aws.NoRegionError: "Set AWS_REGION.",
    aws.InvalidRegionError: "Correct AWS_REGION.",
    aws.SSLError: "Check AWS_CA_BUNDLE and the certificate of the server or of the proxy in between.",
    aws.HTTPClientError: "Correct HTTP_PROXY, HTTPS_PROXY or AWS_ENDPOINT_URL_DYNAMODB.",
}
DEFAULT_ADVICE = "Check the AWS_ variables of this process and ~/.aws/config."


class UnsupportedOperationError(Exception):
    """The engine does not support this operation. A local engine may lack some that DynamoDB has."""


class StatementRefusedError(Exception):
    """DynamoDB refused one statement of a batch for a reason that a retry does not change."""


class ConditionRefusedError(Exception):
    """The condition of a write was false. `order` is the current order; None if it does not exist."""

    def __init__(self, order: StoredOrder | None, *, may_be_done: bool) -> None:
        super().__init__("the condition of a write was false")
        self.order = order
        self.may_be_done = may_be_done
        """Whether an earlier attempt of the call may have succeeded: it got no response, or a server error."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raises StoreUnavailableError for a temporary fault and StoreMisconfiguredError for a wrong configuration.

    Other errors are not changed.
    """
    try:
        yield
    except (ClientError, BotoCoreError, PynamoDBException) as error:
        root = _root(error)
        if _is_transient(root):
            raise StoreUnavailableError(str(error)) from error
        if isinstance(root, BotoCoreError) and not isinstance(root, aws.ParamValidationError):
            raise StoreMisconfiguredError(_configuration_sentence(root)) from error
        raise


def _root(error: Exception) -> BaseException | None:
    """The botocore error inside a PynamoDB error, which wraps it once or twice."""
    cause = error.cause if isinstance(error, PynamoDBException) else error
    return cause.__cause__ if cause is not None and isinstance(cause.__cause__, ClientError) else cause


def _is_transient(root: BaseException | None) -> bool:
    if isinstance(root, ClientError):
        status = root.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = root.response.get("Error", {}).get("Code")
        return code in TRANSIENT_CODES or status in TRANSIENT_STATUSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(root, NO_RESPONSE) and not _stems_from_a_mistake(root)


def _stems_from_a_mistake(error: BaseException) -> bool:
    beneath: BaseException | None = error
    while beneath is not None and not isinstance(beneath, MISTAKES):
        beneath = beneath.__cause__ or beneath.__context__
    return beneath is not None


def _configuration_sentence(root: BotoCoreError) -> str:
    advice = next((advice for kind, advice in ADVICE.items() if isinstance(root, kind)), DEFAULT_ADVICE)
    return f"DynamoDB cannot be used as configured: {str(root).rstrip('.')}. {advice}"
