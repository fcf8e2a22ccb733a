"""The same requests, asked of the engine and of the simulation, and their answers in one form."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.simulation.services.clients import simulated_clients
from tests.simulation.services.clock import Clock
from tests.simulation.services.dynamodb import SimulatedDynamoDB
from tests.simulation.services.s3 import SimulatedS3
from tests.simulation.services.sqs import SimulatedSQS
from tests.stores.backends import clients

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.aws.clients import Clients
    from tests.simulation.services.answers import Service

# What no two services say alike, or one of them does not say: ids and moments, prices, words.
_NOT_COMPARED = """
    ResponseMetadata ConsumedCapacity Message message MessageId SequenceNumber MD5OfMessageBody MD5OfBody LastModified
    Initiated Location ServerSideEncryption ChecksumCRC32 ChecksumType ChecksumAlgorithm AcceptRanges ContentType Owner
    Initiator EncodingType StorageClass
"""
_OWN = frozenset(_NOT_COMPARED.split())
TABLE: dict[str, Any] = {
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
    ],
}
_EXACT = Context(prec=300)


class Simulation:
    """The three services under one clock, and clients for them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.events: list[str] = []
        self.dynamodb = SimulatedDynamoDB(self.clock)
        self.sqs = SimulatedSQS(self.clock)
        self.s3 = SimulatedS3(self.clock, self.events.append)
        services: dict[str, Service] = {"dynamodb": self.dynamodb, "sqs": self.sqs, "s3": self.s3}
        self.clients = simulated_clients(lambda service, operation, asked: services[service].call(operation, asked))


@dataclass(frozen=True, slots=True)
class Failed:
    """An error: its code, its status, and what it says of a transaction's actions."""

    code: str
    status: int
    reasons: list[Any] = field(default_factory=list)


def asked(client: Any, operation: str, /, **parameters: Any) -> Any:
    """Return an answer without what is a service's own, or the error."""
    try:
        return plain(client._make_api_call(operation, parameters))
    except ClientError as error:
        response: Any = error.response
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        reasons = response.get("CancellationReasons", [])
        return Failed(response["Error"]["Code"], status, plain(reasons))


def plain(answer: Any) -> Any:
    """Return an answer in a form that both services share: numbers by their value, sets sorted, bodies read."""
    if isinstance(answer, dict):
        if answer.keys() == {"N"}:
            return {"N": f"{Decimal(answer['N']).normalize(_EXACT):f}" if Decimal(answer["N"]) else "0"}
        return {
            name: sorted(value) if name in ("SS", "NS") else plain(value)
            for name, value in sorted(answer.items())
            if name not in _OWN and value not in ([], {}, None)
        }
    if isinstance(answer, list):
        return [plain(each) for each in answer]
    if hasattr(answer, "read"):
        return answer.read()
    return "a moment" if isinstance(answer, datetime) else answer


class Both:
    """One service of the engine and of the simulation."""

    def __init__(self, endpoint: str, of: Callable[[Clients], Any]) -> None:
        self.simulation = Simulation()
        self.simulated = of(self.simulation.clients)
        self.engine = of(clients(endpoint))

    def __call__(self, operation: str, /, **parameters: Any) -> Any:
        """Ask both, see that they answer alike, and return the answer."""
        expected, found = (asked(client, operation, **parameters) for client in (self.engine, self.simulated))
        assert found == expected, f"{operation} {parameters}"
        return found

    def simulated_only(self, operation: str, /, **parameters: Any) -> Any:
        """Ask the simulation, where the engine does otherwise than AWS documents."""
        return asked(self.simulated, operation, **parameters)


INVALID = Failed("ValidationException", 400)


def key(partition: str = "a", sort: str = "b") -> dict[str, Any]:
    """Return the key of an item."""
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def n(number: object) -> dict[str, str]:
    """Return a number as an item has it."""
    return {"N": str(number)}
