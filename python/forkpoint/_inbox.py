"""How a call waits: on a queue of its thread, or in an event loop. The only place where the twins differ."""

from __future__ import annotations

import asyncio
import inspect
import queue
from typing import Any, Callable, Dict, Tuple, TypeVar

T = TypeVar("T")
Item = Tuple[str, Dict[str, Any]]


class SyncInbox:
    """Waits on the calling thread. Ctrl-C is what interrupts it."""

    def __init__(self) -> None:
        self._queue: "queue.SimpleQueue[Item]" = queue.SimpleQueue()

    def put(self, kind: str, message: Dict[str, Any]) -> None:
        self._queue.put((kind, message))

    def get(self) -> Item:
        return self._queue.get()

    @staticmethod
    def settled(value: Any) -> Any:
        """What a callback has returned."""
        return value

    @staticmethod
    def aside(work: Callable[[], T]) -> T:
        """Does work that may block."""
        return work()


class AsyncInbox:
    """Waits in the event loop. Cancelling the task is what interrupts it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: "asyncio.Queue[Item]" = asyncio.Queue()

    def put(self, kind: str, message: Dict[str, Any]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, (kind, message))
        except RuntimeError:
            pass  # The loop is closed: nobody waits.

    async def get(self) -> Item:
        return await self._queue.get()

    @staticmethod
    async def settled(value: Any) -> Any:
        return await value if inspect.isawaitable(value) else value

    @staticmethod
    async def aside(work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(None, work)
