"""The three clients that iotagg talks to AWS with, alike in their timeouts and retries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from iotagg import __version__
from iotagg.aws.made_json import send_made_json
from iotagg.aws.meter import Meter
from iotagg.aws.problems import explained
from iotagg.errors import CloudError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_CONNECT_SECONDS = 5
_READ_SECONDS = 30  # longer than the 20 s for which a queue is asked to wait
_ATTEMPTS = 4
CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Clients:
    """Clients for S3, SQS and DynamoDB, and what counts their requests; threads may share them, processes may not."""

    s3: S3Client
    sqs: SQSClient
    dynamodb: DynamoDBClient
    meter: Meter = field(default_factory=Meter)


def connect() -> Clients:
    """Return clients for the account, region and address that boto3 finds in its environment.

    Lost connections, server errors and throttling are tried again, four attempts in all, with jitter; conflicts between
    transactions are not: whoever writes decides about those. Raises NotSignedIn and CloudError.
    """
    session = boto3.session.Session()
    clients = Clients(client("s3", session), client("sqs", session), client("dynamodb", session))
    for each in (clients.s3, clients.sqs, clients.dynamodb):
        clients.meter.watch(each)
    return clients


def client(service: str, session: boto3.session.Session | None = None) -> Any:
    """Return a client for one service. Raises NotSignedIn and CloudError."""
    # The default session may not be shared between threads while it makes clients, so it is not used.
    session = session or boto3.session.Session()
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        # One of botocore's own would be put together twice for each request, which takes a tenth of its time.
        user_agent=f"iotagg/{__version__} Boto3/{boto3.__version__}",
        # It is half of a transaction's time in the client, and DynamoDB refuses the same mistakes.
        parameter_validation=service != "dynamodb",
    )
    try:
        with explained():
            made: Any = session.client(service, config=config)  # type: ignore[call-overload]  # by its name
    except ValueError as reason:
        raise CloudError(f"{reason}; set AWS_ENDPOINT_URL to an address such as http://127.0.0.1:5070") from None
    if service == "dynamodb":
        send_made_json(made)
    return made
