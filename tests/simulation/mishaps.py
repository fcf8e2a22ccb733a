"""How each kind of fault at a call comes about: what is done of what was asked, and what the caller learns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from tests.simulation.faults import Fault, Occasion
from tests.simulation.scheduler import Killed, Process

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.world import World

STALL_SECONDS = 900.0
LATE_SECONDS = 1_000.0
_TIMEOUT_SECONDS = 30.0
_ENDPOINT = "https://simulated.example"

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """What a process asks of a service."""

    world: World
    process: Process
    service: str
    operation: str
    parameters: dict[str, Any]
    occasion: Occasion

    @property
    def site(self) -> str:
        """What it asks, in short."""
        return f"{self.service}.{self.operation}"

    def place(self) -> str:
        """Return the object or the item that it asks for, if it is one."""
        key = self.parameters.get("Key", "")
        return "/".join(key[name]["S"] for name in ("pk", "sk")) if isinstance(key, dict) else key

    def do(self) -> Answer:
        """Let the service do it."""
        return self.world.asked(self.service, self.operation, self.parameters)

    def do_unseen(self) -> None:
        """Let the service do it, of which whoever asked learns nothing."""
        try:
            self.do()
        except ClientError as error:
            self.world.note("unseen answer", error)

    def fraction(self, what: str) -> float:
        """Draw a number from 0 to below 1."""
        return self.world.draws.fraction(what, *self.occasion)


def go_wrong(call: Call, fault: Fault) -> Answer | None:
    """Let a call go wrong in some way; return what is answered, None where it cannot go wrong so."""
    return _WAYS[fault](call)


def _request_lost(call: Call) -> NoReturn:
    _time_passes(call)
    raise ConnectTimeoutError(endpoint_url=_ENDPOINT)


def _reply_lost(call: Call) -> NoReturn:
    call.do_unseen()
    _time_passes(call)
    raise ReadTimeoutError(endpoint_url=_ENDPOINT)


def _came_late(call: Call) -> Answer | None:
    if call.operation == "PutObject" and call.process.name.startswith("author"):
        return None  # what an uploader gave up, and then comes over what is newer, is another wish of his
    world, asking = call.world, call.world.scheduler.current
    after = LATE_SECONDS * call.fraction("late")
    late = world.scheduler.start(world.outside, "a late request", call.do_unseen, after=after)
    late.history = (*asking.history, call.site)
    _time_passes(call)
    raise ReadTimeoutError(endpoint_url=_ENDPOINT)


def _time_passes(call: Call) -> None:
    call.world.scheduler.sleep(_TIMEOUT_SECONDS)


def _sent_twice(call: Call) -> Answer:
    call.do_unseen()
    call.world.on_the_way("again", call)
    return call.do()


def _throttled(call: Call) -> NoReturn:
    raise _error(call, "ThrottlingException", 400)


def _server_error(call: Call) -> NoReturn:
    raise _error(call, "InternalServerError", 500)


def _server_error_done(call: Call) -> NoReturn:
    call.do_unseen()
    raise _error(call, "InternalServerError", 500)


def _stalled_before(call: Call) -> Answer:
    _stall(call)
    return call.do()


def _stalled_after(call: Call) -> Answer:
    answer = call.do()
    _stall(call)
    return answer


def _stall(call: Call) -> None:
    scheduler = call.world.scheduler
    call.process.asleep_until = scheduler.now + STALL_SECONDS * call.fraction("stall")
    scheduler.sleep(0.0)


def _killed_before(call: Call) -> NoReturn:
    call.world.scheduler.kill(call.process)
    raise Killed


def _killed_between(call: Call) -> NoReturn:
    call.do_unseen()
    _killed_before(call)


def _killed_after(call: Call) -> Answer:
    answer = call.do()
    call.world.scheduler.kill(call.process)  # it gets as far as its next call
    return answer


def _conflict(call: Call) -> NoReturn:
    if call.operation != "TransactWriteItems":
        raise _error(call, "TransactionConflictException", 400)
    others = len(call.parameters["TransactItems"]) - 1
    reasons = [*({"Code": "None"} for _ in range(others)), {"Code": "TransactionConflict"}]
    raise _error(call, "TransactionCanceledException", 400, CancellationReasons=reasons)


def _unprocessed(call: Call) -> Answer | None:
    (table, asked), *_ = call.parameters["RequestItems"].items()
    *_, left = asked["Keys"]
    if len(asked["Keys"]) == 1:
        return None
    answer = call.do()
    found = answer["Responses"].get(table, [])
    answer["Responses"][table] = [each for each in found if any(each[name] != left[name] for name in left)]
    answer["UnprocessedKeys"] = {table: {**asked, "Keys": [left]}}
    return answer


def _entries_failed(call: Call) -> Answer:
    *accepted, refused = call.parameters["Entries"]
    answer = replace(call, parameters={**call.parameters, "Entries": accepted}).do() if accepted else _nothing(call)
    failure = {"Id": refused["Id"], "SenderFault": False, "Code": "InternalError", "Message": "try again"}
    return answer | {"Failed": [*answer.get("Failed", ()), failure]}


def _body_broke(call: Call) -> Answer:
    answer = call.do()
    answer["Body"] = BrokenBody(answer["Body"], int(200 * call.fraction("break")))
    return answer


def _written_at_once(call: Call) -> Answer | None:
    if "IfNoneMatch" not in call.parameters:
        return None
    raise _error(call, "ConditionalRequestConflict", 409)


def _nothing(_: Call) -> Answer:
    return {"ResponseMetadata": {"HTTPStatusCode": 200}}


def _message_lost(call: Call) -> Answer:
    answer = call.do()
    messages = call.world.queue_at(call.parameters["QueueUrl"]).messages
    messages.pop(next(reversed(messages), ""), None)
    return answer


def _message_twice(call: Call) -> Answer:
    answer = call.do()
    queue = call.world.queue_at(call.parameters["QueueUrl"])
    newest = next(reversed(queue.messages.values()), None)
    if newest is not None:
        queue.add(replace(newest, id=f"{newest.id}000", once=""), call.world.now())
    return answer


def _error(call: Call, code: str, status: int, **more: Any) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}} | more
    return ClientError(answer, call.operation)


class BrokenBody:
    """An answer's body that ends in an error after some bytes."""

    def __init__(self, body: Any, good: int) -> None:
        self._body = body
        self.left = good

    def read(self, size: int | None = None) -> bytes:
        """Return some bytes, as long as there are good ones."""
        found: bytes = self._body.read(self.left if size is None else min(size, self.left))
        self.left -= len(found)
        if not found or size is None:
            raise ReadTimeoutError(endpoint_url=_ENDPOINT)
        return found

    def whole(self) -> bytes:
        """Return all that it would have been."""
        return bytes(self._body.read())

    def close(self) -> None:
        """Give the connection back."""
        self._body.close()


_WAYS: dict[Fault, Callable[[Call], Answer | None]] = {
    Fault.REQUEST_LOST: _request_lost,
    Fault.REPLY_LOST: _reply_lost,
    Fault.SENT_TWICE: _sent_twice,
    Fault.CAME_LATE: _came_late,
    Fault.THROTTLED: _throttled,
    Fault.SERVER_ERROR: _server_error,
    Fault.SERVER_ERROR_DONE: _server_error_done,
    Fault.STALLED_BEFORE: _stalled_before,
    Fault.STALLED_AFTER: _stalled_after,
    Fault.KILLED_BEFORE: _killed_before,
    Fault.KILLED_BETWEEN: _killed_between,
    Fault.KILLED_AFTER: _killed_after,
    Fault.CONFLICT: _conflict,
    Fault.UNPROCESSED: _unprocessed,
    Fault.ENTRIES_FAILED: _entries_failed,
    Fault.BODY_BROKE: _body_broke,
    Fault.WRITTEN_AT_ONCE: _written_at_once,
    Fault.SAW_NOTHING: _nothing,
    Fault.MESSAGE_LOST: _message_lost,
    Fault.MESSAGE_TWICE: _message_twice,
    Fault.DELETED_IN_VAIN: _nothing,
}
