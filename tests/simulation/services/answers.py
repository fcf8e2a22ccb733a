"""What all three services have in common: the form of answers and errors, and the refusal of what is not simulated."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    Handler = Callable[[dict[str, Any]], dict[str, Any]]


class Refused(Exception):
    """The service refuses a request: the error's code, its HTTP status, and further fields of the answer."""

    def __init__(self, code: str, message: str = "", status: int = 400, /, **fields: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields

    def as_client_error(self, operation: str) -> ClientError:
        """Return what botocore makes of it."""
        response: Any = {
            "Error": {"Code": self.code, "Message": self.message},
            "ResponseMetadata": metadata(self.status),
            **self.fields,
        }
        return ClientError(response, operation)


def metadata(status: int = 200) -> dict[str, Any]:
    """Return what botocore tells of the HTTP answer."""
    return {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}


def only(parameters: dict[str, Any], *known: str) -> None:
    """Raise NotImplementedError for a parameter that is not simulated."""
    strange = parameters.keys() - set(known)
    if strange:
        raise NotImplementedError(f"not simulated: {', '.join(sorted(strange))}")


@dataclass(frozen=True, slots=True)
class Operation:
    """What an operation does, and the names of the parameters that it knows."""

    handler: Handler
    known: frozenset[str]


def operation(handler: Handler, known: str) -> Operation:
    """Return an operation with its parameters, separated by blanks."""
    return Operation(handler, frozenset(known.split()))


class Service:
    """A service with its operations: one call after the other, whatever thread it comes from."""

    # The attributes that all it holds is in.
    HOLDS: ClassVar[tuple[str, ...]] = ()

    def __init__(self, operations: dict[str, Operation]) -> None:
        self._operations = operations
        self._lock = Lock()

    def held(self) -> tuple[Any, ...]:
        """Return all that it holds."""
        return tuple(getattr(self, name) for name in self.HOLDS)

    def hold(self, held: tuple[Any, ...]) -> None:
        """Hold what another held, or this one before, instead of what it holds."""
        for name, value in zip(self.HOLDS, held, strict=True):
            setattr(self, name, value)

    def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Answer a request, in botocore's form. Raises ClientError, and NotImplementedError for what it knows not."""
        found = self._operations.get(operation)
        if found is None:
            raise NotImplementedError(f"not simulated: {operation}")
        if not parameters.keys() <= found.known:
            raise NotImplementedError(f"not simulated: {operation} with {sorted(parameters.keys() - found.known)}")
        with self._lock:
            try:
                answer = found.handler(parameters)
            except Refused as refused:
                raise refused.as_client_error(operation) from None
        answer.setdefault("ResponseMetadata", metadata())
        return answer
