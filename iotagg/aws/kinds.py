"""The problems that AWS can have with a call, each with its way out, and the codes and types that stand for it."""

from __future__ import annotations

from dataclasses import dataclass

import botocore.exceptions as core
import pynamodb.exceptions as pynamo
import urllib3.exceptions

from iotagg.errors import CloudBusy, CloudError, NotAllowed, NotDeployed, NotSignedIn


@dataclass(frozen=True, slots=True)
class Kind:
    """A problem: the error that it is, what is wrong, and the way out.

    `named` says what is wrong with the names that the error carries; an empty `wrong` is for the service to say.
    """

    error: type[CloudError]
    wrong: str
    way: str
    named: str = ""


NO_CREDENTIALS = Kind(NotSignedIn, "there are no credentials", "run aws configure or aws sso login, or set AWS_PROFILE")
HALF = Kind(
    NotSignedIn,
    "a part of the credentials is missing",
    "run aws configure, or set AWS_PROFILE",
    named="a part of the credentials is missing: {cred_var} ({provider})",
)
NOT_FETCHED = Kind(
    NotSignedIn,
    "the credentials cannot be fetched",
    "see what aws sts get-caller-identity says, then sign in again",
)
NO_PROFILE = Kind(
    NotSignedIn,
    "there is no such profile",
    "set AWS_PROFILE to one that aws configure list-profiles shows",
    named="there is no profile {profile}",
)
EXPIRED = Kind(
    NotSignedIn,
    "the session has expired",
    "sign in again (aws sso login), or put new keys in place of the old ones",
)
SIGNED_OUT = Kind(NotSignedIn, "nobody is signed in (any more)", "sign in again with aws sso login or aws login")
UNKNOWN_KEY = Kind(
    NotSignedIn, "the access key or session token is not accepted", "run aws configure, or set AWS_PROFILE"
)
SIGNATURE = Kind(
    NotSignedIn,
    "the signature is not accepted: the secret key or this machine's clock is wrong",
    "run aws configure, and compare the clock with NTP",
)
CLOCK = Kind(NotSignedIn, "this machine's clock is wrong", "set it by NTP, then try again")
BAD_HEAD = Kind(
    NotSignedIn,
    "the session has expired, or the region is another one",
    "see what aws sts get-caller-identity says, sign in again, or set AWS_DEFAULT_REGION",
)
NOT_ALLOWED = Kind(
    NotAllowed, "not permitted", "ask the AWS account's administrator for it, or set another AWS_PROFILE"
)
KEY_NOT_ALLOWED = Kind(
    NotAllowed,
    "its KMS key may not be used",
    "ask the AWS account's administrator for kms:Decrypt and kms:GenerateDataKey",
)
KEY = Kind(
    CloudError, "its KMS key cannot be used: it is disabled or gone", "look at the key in KMS, and enable it again"
)
GONE = Kind(NotDeployed, "it is not there", "deploy the stack, or check the name, AWS_DEFAULT_REGION and AWS_PROFILE")
STACK_GONE = Kind(
    NotDeployed,
    "there is no such stack",
    "make it with iotagg deploy NAME, or check its name (--stack), AWS_DEFAULT_REGION and AWS_PROFILE",
)
OBJECT_GONE = Kind(CloudError, "the object is not there (any more)", "check its name, or upload it again")
CHANGED = Kind(CloudError, "it was changed or made by others meanwhile", "look at it as it is now, then try again")
QUOTA = Kind(
    CloudError,
    "a quota of the account is used up",
    "delete what nobody needs any more, or ask for more under Service Quotas",
)
NOT_EMPTY = Kind(CloudError, "something is put into it while it is emptied", "stop whoever does, then try again")
REGION = Kind(CloudError, "it lies in another region", "set AWS_DEFAULT_REGION to the region that it was made in")
NO_REGION = Kind(CloudError, "no region is set", "set AWS_DEFAULT_REGION, for example to eu-west-1")
BAD_REGION = Kind(
    CloudError,
    "there is no such region",
    "set AWS_DEFAULT_REGION to a region such as eu-west-1",
    named="there is no region {region_name}",
)
ACCOUNT = Kind(
    CloudError,
    "the account may not use it: unpaid, or not switched on",
    "ask the AWS account's administrator to look at billing and enabled regions",
)
BAD_VALUE = Kind(
    CloudError, "a value is not valid", "check the names of stack, bucket, table and queues that were given"
)
CERTIFICATE = Kind(
    CloudError,
    "its certificate is not trusted",
    "set AWS_CA_BUNDLE to the certificates of your network, and check the clock",
)
BAD_ADDRESS = Kind(CloudError, "its address is none", "check AWS_ENDPOINT_URL and HTTPS_PROXY")
THROTTLED = Kind(CloudBusy, "it is asked for more than it takes at once", "try again in some minutes")
CONFLICT = Kind(CloudBusy, "others change it at this moment", "try again in some minutes")
FAILING = Kind(CloudBusy, "the service fails on its side", "try again in some minutes, or see the AWS Health Dashboard")
SILENT = Kind(CloudBusy, "it did not answer in time", "try again; if it stays so, check the network")
BROKEN = Kind(CloudBusy, "the connection broke off", "try again; if it stays so, check the network")
DAMAGED = Kind(CloudBusy, "what was sent arrived damaged", "try again; if it stays so, check the network")
UNREACHABLE = Kind(
    CloudBusy,
    "it cannot be reached",
    "check the network, AWS_DEFAULT_REGION and AWS_ENDPOINT_URL, then try again",
)
PROXY = Kind(CloudBusy, "the proxy cannot be reached", "check the network and HTTPS_PROXY, then try again")
NO_TLS = Kind(
    CloudBusy,
    "no TLS connection can be made",
    "check whether its address is http or https (AWS_ENDPOINT_URL), then try again",
)
OTHER = Kind(CloudError, "", "correct that, or look it up in the AWS documentation")

# The codes of S3, SQS, DynamoDB, CloudFormation, Lambda, STS and the common ones, without "Exception" at their end and
# any namespace before them.
CODES = {
    code: kind
    for kind, codes in {
        NO_CREDENTIALS: "MissingAuthenticationToken MissingSecurityHeader",
        EXPIRED: "ExpiredToken TokenRefreshRequired",
        UNKNOWN_KEY: "InvalidClientTokenId UnrecognizedClient InvalidAccessKeyId InvalidToken InvalidSecurity",
        SIGNATURE: "SignatureDoesNotMatch IncompleteSignature InvalidSignature AuthFailure",
        CLOCK: "RequestTimeTooSkewed RequestExpired",
        REGION: """
            PermanentRedirect TemporaryRedirect Redirect AuthorizationHeaderMalformed IllegalLocationConstraint
            IncorrectEndpoint
        """,
        NOT_ALLOWED: "AccessDenied UnauthorizedOperation UnauthorizedAccess NotAuthorized AuthorizationError",
        ACCOUNT: "AccountProblem AllAccessDisabled OptInRequired SubscriptionRequired NotSignedUp InvalidPayer",
        GONE: "NoSuchBucket ResourceNotFound TableNotFound NonExistentQueue QueueDoesNotExist",
        OBJECT_GONE: "NoSuchKey NoSuchVersion NoSuchUpload",
        CHANGED: """
            PreconditionFailed ConditionalCheckFailed ChangeSetNotFound InvalidChangeSetStatus AlreadyExists
        """,
        NOT_EMPTY: "BucketNotEmpty",
        THROTTLED: """
            Throttling ThrottlingError Throttled RequestThrottled EC2Throttled TooManyRequests LimitExceeded
            ProvisionedThroughputExceeded RequestLimitExceeded BandwidthLimitExceeded SlowDown OverLimit
        """,
        CONFLICT: """
            TransactionInProgress TransactionConflict ReplicatedWriteConflict OperationAborted OperationInProgress
            ConditionalRequestConflict ResourceConflict ConcurrentModification PriorRequestNotComplete ResourceInUse
            TableInUse QueueDeletedRecently PurgeQueueInProgress
        """,
        FAILING: """
            InternalError InternalFailure InternalServer InternalServerError ServerInternal ServiceFailure
            ServiceUnavailable IDPCommunicationError
        """,
        SILENT: "RequestTimeout",
        DAMAGED: "BadDigest XAmzContentSHA256Mismatch",
    }.items()
    for code in codes.split()
}
# Where the code says nothing: HTTP's status.
STATUS = {
    301: REGION,
    307: REGION,
    401: UNKNOWN_KEY,
    403: NOT_ALLOWED,
    408: SILENT,
    412: CHANGED,
    429: THROTTLED,
}

# boto3 is whatever Lambda's runtime has: names that came later than 1.35.2 stand in for others where they are missing.
_LOGIN_ERROR: type[Exception] = getattr(core, "LoginError", core.SSOError)
_UNKNOWN_TOKEN_PROVIDER: type[Exception] = getattr(core, "UnknownTokenProviderError", core.UnknownCredentialError)

# Types of errors without an answer; a type stands before those that it is derived from.
TYPES: tuple[tuple[tuple[type[Exception], ...], Kind], ...] = (
    ((core.NoCredentialsError, core.NoAuthTokenError), NO_CREDENTIALS),
    ((core.PartialCredentialsError,), HALF),
    ((core.TokenRetrievalError, core.SSOError, _LOGIN_ERROR), SIGNED_OUT),
    (
        (
            core.CredentialRetrievalError,
            core.MetadataRetrievalError,
            core.RefreshWithMFAUnsupportedError,
            core.UnknownCredentialError,
            _UNKNOWN_TOKEN_PROVIDER,
        ),
        NOT_FETCHED,
    ),
    ((core.ProfileNotFound,), NO_PROFILE),
    ((core.NoRegionError,), NO_REGION),
    (
        (
            core.InvalidRegionError,
            core.UnknownRegionError,
            core.UnknownEndpointError,
            core.ServiceNotInRegionError,
        ),
        BAD_REGION,
    ),
    ((core.ParamValidationError, core.ValidationError), BAD_VALUE),
    ((core.ProxyConnectionError,), PROXY),
    ((core.InvalidProxiesConfigError,), BAD_ADDRESS),
    ((core.SSLError,), NO_TLS),
    ((core.ConnectTimeoutError, core.ReadTimeoutError, urllib3.exceptions.TimeoutError), SILENT),
    ((core.ConnectionClosedError, core.ResponseStreamingError, core.IncompleteReadError), BROKEN),
    ((core.ChecksumError, core.FlexibleChecksumError), DAMAGED),
    ((core.ConnectionError, core.HTTPClientError), UNREACHABLE),
    ((core.CapacityNotAvailableError,), THROTTLED),
    ((core.BotoCoreError, pynamo.PynamoDBConnectionError), OTHER),
    ((urllib3.exceptions.HTTPError,), BROKEN),
)
