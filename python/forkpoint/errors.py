"""The errors, by the names that they have in TypeScript. Match on the class or on ``code``, never on the message.

>>> try:
...     store.save(state)
... except ConflictError as error:
...     print(error.session, error.branch, error.expected, error.actual)
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional, Type

from .values import TurnResult


class ForkpointError(Exception):
    """Everything that forkpoint raises on purpose."""

    code: str = "UNEXPECTED"
    #: What a turn had come to when it failed; ``None`` for an error that is not of a turn.
    turn: Optional[TurnResult] = None

    def __init__(self, message: str, **data: Any) -> None:
        super().__init__(message)
        for key, value in data.items():
            setattr(self, key, value)


class ConflictError(ForkpointError):
    """Someone else has moved the branch. Nothing was written."""

    code = "CONFLICT"
    session: str
    branch: str
    expected: Optional[str] = None
    actual: Optional[str] = None


class NotFoundError(ForkpointError):
    """What was named does not exist."""

    code = "NOT_FOUND"
    kind: str
    id: str
    session: Optional[str] = None


class AlreadyExistsError(ForkpointError):
    """The name is taken. Nothing was written."""

    code = "ALREADY_EXISTS"
    kind: str
    id: str
    session: Optional[str] = None


class AmbiguousRevisionError(ForkpointError):
    """A prefix that matches more than one checkpoint."""

    code = "AMBIGUOUS_REVISION"
    revision: str
    candidates: List[str]


class InvalidIdError(ForkpointError):
    """A name that cannot be the name of a session, branch or tag."""

    code = "INVALID_ID"
    kind: str
    id: Any


class InvalidStateError(ForkpointError):
    """A state that does not fit, or that JSON cannot hold. ``issues`` has a ``path`` and a ``message`` each."""

    code = "INVALID_STATE"
    issues: List[Dict[str, Any]]


class CorruptError(ForkpointError):
    """Something on disk is not what it should be."""

    code = "CORRUPT"
    file: Optional[str] = None
    object: Optional[str] = None


class LockedError(ForkpointError):
    """A lock file stayed taken."""

    code = "LOCKED"
    file: str


class StorageError(ForkpointError):
    """The disk refused."""

    code = "STORAGE"
    file: Optional[str] = None
    errno: Optional[str] = None


class UnsupportedError(ForkpointError):
    """This store cannot do what was asked."""

    code = "UNSUPPORTED"
    feature: str


class SessionBusyError(ForkpointError):
    """A session does one operation at a time."""

    code = "SESSION_BUSY"
    session: str


class SessionClosedError(ForkpointError):
    """The store, agent or session object was closed."""

    code = "SESSION_CLOSED"


class NativeGitError(ForkpointError):
    """The ``git`` binary failed."""

    code = "NATIVE_GIT"


class ConfigError(ForkpointError):
    """A configuration that cannot be used."""

    code = "CONFIG"
    file: str
    line: int
    column: int


class ModelError(ForkpointError):
    """What ended a model call."""

    code = "MODEL"
    reason: str
    model: str
    status: Optional[int] = None
    attempts: int
    retry_after: Optional[float] = None


class StepLimitError(ForkpointError):
    """A turn took as many steps as it may."""

    code = "STEP_LIMIT"
    limit: int


class NotLoadedError(ForkpointError):
    """The session is not loaded yet: call ``load()`` first."""

    code = "NOT_LOADED"
    session: str


class NotResumableError(ForkpointError):
    """A run that cannot be resumed."""

    code = "NOT_RESUMABLE"
    run: str
    status: str


class ProtocolError(ForkpointError):
    """The two halves of forkpoint do not understand each other: they are of different versions."""

    code = "PROTOCOL"


class NodeError(ForkpointError):
    """Node.js is missing or too old, or the command line is not where it should be. Says what to do."""

    code = "NODE"


class ServerGoneError(ForkpointError):
    """The child process ended. Calls under way may or may not have been done; the next call starts a new process.

    Agents, sessions, handles and memory stores of the old process are gone; file and git stores open again.
    """

    code = "SERVER_GONE"


_CLASSES: Dict[str, Type[ForkpointError]] = {
    each.__name__: each for each in [ForkpointError, *ForkpointError.__subclasses__()]
}


def _snake(name: str) -> str:
    return re.sub("([A-Z])", r"_\1", name).lower()


def error_of(message: str, data: Dict[str, Any]) -> Exception:
    """The exception that an error of the protocol stands for."""
    name = data.get("name")
    if name == "TypeError":
        return TypeError(message)
    found = _CLASSES.get(str(name), ForkpointError)
    more = {
        _snake(key): value
        for key, value in data.items()
        if key not in ("name", "turn")
    }
    error = found(message, **more)
    if isinstance(data.get("turn"), dict):
        error.turn = TurnResult.of(data["turn"])
    return error
