"""A server that is told to end does, also where somebody comes at that very moment."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from uvicorn import Config
from uvicorn.lifespan.off import LifespanOff

from iotagg.web.changes import Changes
from iotagg.web.serving import EndingServer

if TYPE_CHECKING:
    from typing import Any


class Late:
    """A connection that was taken before the server ended, and is made once all others were told to end."""

    def __init__(self, connections: set[Any]) -> None:
        self.transport = self
        self._connections = connections
        self.told = 0

    def is_closing(self) -> bool:
        return self.told > 0

    def shutdown(self) -> None:
        self.told += 1
        self._connections.discard(self)


def test_who_comes_while_it_ends_is_told_too() -> None:
    async def ended() -> Late:
        config = Config("nothing:app", lifespan="off", timeout_graceful_shutdown=15)
        server = EndingServer(config, Changes(None, lambda: None))
        server.servers, server.lifespan = [], LifespanOff(config)
        late = Late(server.server_state.connections)
        ending = asyncio.create_task(server.shutdown())
        await asyncio.sleep(0)  # it has told all who were there
        server.server_state.connections.add(late)  # type: ignore[arg-type]  # in the place of one
        await ending
        return late

    began = time.monotonic()
    assert asyncio.run(ended()).told == 1
    assert time.monotonic() - began < 10
