"""A Lambda function as a real process: the runtime client of AWS, fed by a Runtime API on the loopback.

The process gets the environment that Lambda gives and nothing of the person's own except AWS_* and the search path.
A process answers one request after the other, so its Runtime API needs no thread: `invoke` itself serves it.

The memory limit is the kernel's own high-water mark of the process's resident memory (VmHWM, which misses no peak),
read every few milliseconds and once more before a response counts; above the limit the process is killed, as in
Lambda. A control group would need root, and RLIMIT_DATA is another thing: it raises MemoryError in the handler instead
of killing it, and counts what is reserved (the stack of each thread) instead of what is used.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import suppress
from http.client import HTTPException, parse_headers
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

REPOSITORY = Path(__file__).parents[2]
THIS_PYTHON = Path(sys.executable)
INIT_SECONDS = 10.0  # what Lambda grants a process before its first invocation
_TICK = 0.005  # seconds between two looks at the memory and the life of a process
_REGION, _ACCOUNT = "eu-west-1", "123456789012"


class FunctionError(Exception):
    """A function failed: its handler raised, or its process ran out of time, memory or life.

    `error_type` is the exception's name, or Sandbox.Timedout, Runtime.OutOfMemory or Runtime.ExitError; `trace` holds
    the lines of the handler's stack.
    """

    def __init__(self, error_type: str, message: str, trace: tuple[str, ...] = ()) -> None:
        super().__init__(f"{error_type}: {message}")
        self.error_type = error_type
        self.message = message
        self.trace = trace


class _Request(NamedTuple):
    path: str
    body: bytes
    connection: socket.socket

    def reply(self, status: str, body: bytes = b"", **headers: str) -> None:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
        with suppress(OSError):  # a process that died meanwhile is found by the next look at it
            self.connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)


class _Sandbox:
    """One process, and the Runtime API that it alone talks to."""

    def __init__(
        self, python: Path, handler: str, task_root: Path, environment: Mapping[str, str], log: IO[bytes]
    ) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._streams: dict[socket.socket, BinaryIO] = {}
        self.peak_rss_kb = 0
        address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.process = subprocess.Popen(
            [python, "-m", "awslambdaric", handler],
            cwd=task_root,
            env={**environment, "AWS_LAMBDA_RUNTIME_API": address},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def request(self, seconds: float, limit_kb: float) -> _Request:
        """Return the next request of the process. Raises FunctionError when it dies first, and TimeoutError."""
        until = time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([self._listener, *self._streams], [], [], _TICK)
            self.peak_rss_kb = max(self.peak_rss_kb, _high_water_kb(self.process.pid))
            if self.peak_rss_kb > limit_kb:
                raise FunctionError("Runtime.OutOfMemory", f"{self.peak_rss_kb} kB used of {limit_kb:.0f} kB")
            for one in ready:
                if one is self._listener:
                    self._accept()
                elif (request := self._read(one)) is not None:
                    return request
            if not ready and self.process.poll() is not None:
                raise FunctionError("Runtime.ExitError", f"the process ended with code {self.process.returncode}")
            if time.monotonic() > until:
                raise TimeoutError

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(INIT_SECONDS)  # so that half a request cannot hold the test up
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._streams[connection] = connection.makefile("rb")

    def _read(self, connection: socket.socket) -> _Request | None:
        stream = self._streams[connection]
        with suppress(OSError, HTTPException):
            line = stream.readline().decode().split()
            length = int(parse_headers(stream).get("Content-Length", "0"))
            body = stream.read(length)
            if line and len(body) == length:
                return _Request(line[1], body, connection)
        self._streams.pop(connection).close()  # half a request: the process has died
        connection.close()
        return None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.kill()
        for connection, stream in self._streams.items():
            stream.close()
            connection.close()
        self._listener.close()


def _high_water_kb(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0  # it has died, or this is no Linux
    return int((status.partition("VmHWM:")[2].split() or ["0"])[0])


class Function:
    """A Lambda function with one execution environment, which is started when it is needed and killed at the end.

    `handler` is dotted ("lambda_handlers.summarize.handler") and imported from `task_root`, `environment` comes on top
    of Lambda's variables. `memory_mb` is what the handler is told; `enforce_memory` also holds it to that. `python` has
    to find awslambdaric; without it, this one runs the function.
    """

    def __init__(
        self,
        handler: str,
        *,
        task_root: Path = REPOSITORY,
        environment: Mapping[str, str] | None = None,
        memory_mb: int = 512,
        enforce_memory: bool = False,
        timeout_s: float = 30.0,
        name: str = "function",
        python: Path = THIS_PYTHON,
    ) -> None:
        self.python = python
        self.handler, self.task_root, self.timeout_s, self.name = handler, task_root, timeout_s, name
        self.peak_rss_kb = 0  # the largest of all processes so far, each looked at until its last response
        self._limit_kb = memory_mb * 1024.0 if enforce_memory else float("inf")
        inherited = {key: value for key, value in os.environ.items() if key.startswith("AWS_") or key == "PATH"}
        self._environment = {**inherited, **_lambda_variables(self, memory_mb), **(environment or {})}
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the function; __exit__ closes it)
        self._one_at_a_time = threading.Lock()
        self._sandbox: _Sandbox | None = None

    def __enter__(self) -> Self:
        self._running()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        with self._one_at_a_time:
            self._end()
        self._log.close()

    @property
    def log(self) -> str:
        """What the function has printed and logged so far."""
        return os.pread(self._log.fileno(), os.fstat(self._log.fileno()).st_size, 0).decode(errors="replace")

    def kill(self) -> None:
        """Kill the process as it is (SIGKILL); a running invocation fails, the next one starts a new process."""
        if (sandbox := self._sandbox) is not None:  # read once: a running invocation may replace it meanwhile
            sandbox.kill()

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Hand an event to the handler and return its response. Raises FunctionError.

        A process that ran out of time or memory is killed, and one that failed or died is replaced for the next event.
        """
        with self._one_at_a_time:
            try:
                answered = self._exchange(self._running(), json.dumps(event).encode())
            except FunctionError:
                self._end()
                raise
        if answered.path.endswith("/error"):
            raise _raised(answered)
        return json.loads(answered.body)

    def _exchange(self, sandbox: _Sandbox, event: bytes) -> _Request:
        request_id, seconds = str(uuid.uuid4()), INIT_SECONDS
        try:
            asked = sandbox.request(seconds, self._limit_kb)
            if asked.path.endswith("/init/error"):
                raise _raised(asked)
            seconds = self.timeout_s
            asked.reply(
                "200 OK",
                event,
                Lambda_Runtime_Aws_Request_Id=request_id,
                Lambda_Runtime_Deadline_Ms=str(int((time.time() + seconds) * 1000)),
                Lambda_Runtime_Invoked_Function_Arn=f"arn:aws:lambda:{_REGION}:{_ACCOUNT}:function:{self.name}",
            )
            answered = sandbox.request(seconds, self._limit_kb)
        except TimeoutError:
            raise FunctionError("Sandbox.Timedout", f"{request_id} timed out after {seconds:.2f} seconds") from None
        finally:
            self.peak_rss_kb = max(self.peak_rss_kb, sandbox.peak_rss_kb)
        answered.reply("202 Accepted")
        return answered

    def _running(self) -> _Sandbox:
        if self._sandbox is None or self._sandbox.process.poll() is not None:
            self._end()
            self._sandbox = _Sandbox(self.python, self.handler, self.task_root, self._environment, self._log)
        return self._sandbox

    def _end(self) -> None:
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            sandbox.close()


def _raised(request: _Request) -> FunctionError:
    error = json.loads(request.body)
    return FunctionError(error["errorType"], error["errorMessage"], tuple(error["stackTrace"]))


def _lambda_variables(function: Function, memory_mb: int) -> dict[str, str]:
    return {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": _REGION,
        "LAMBDA_TASK_ROOT": str(function.task_root),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "_HANDLER": function.handler,
    }
