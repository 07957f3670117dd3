"""forkpoint: agent sessions in git, from Python.

>>> from forkpoint import Agent, FileSessionStore, PermissionPolicy, SessionOptions
>>> agent = Agent.create(open("config.acl").read())
>>> opts = SessionOptions(session_store=FileSessionStore("./sessions"), session_id="my-session")
>>> agent.session(".", opts).send("Start working on the task")

Needs Node.js 20.19 or newer on the machine. The asyncio twin is ``forkpoint.aio``.
"""

from ._sync import (
    Agent,
    AgentSession,
    FileSessionStore,
    GitSessionStore,
    MemorySessionStore,
    SessionHandle,
    SessionStore,
)
from .errors import (
    AlreadyExistsError,
    AmbiguousRevisionError,
    ConfigError,
    ConflictError,
    CorruptError,
    ForkpointError,
    InvalidIdError,
    InvalidStateError,
    LockedError,
    ModelError,
    NativeGitError,
    NodeError,
    NotFoundError,
    NotLoadedError,
    NotResumableError,
    ProtocolError,
    ServerGoneError,
    SessionBusyError,
    SessionClosedError,
    StepLimitError,
    StorageError,
    UnsupportedError,
)
from .reader import log, read
from .options import PermissionPolicy, SessionOptions, Tool
from .values import (
    Author,
    Branch,
    Checkpoint,
    FoundSecret,
    MaintainReport,
    PendingCall,
    PermissionRequest,
    Problem,
    RunInfo,
    SessionSummary,
    Signature,
    Signing,
    State,
    StateDiff,
    StoreStats,
    Supports,
    Tag,
    TurnResult,
    VerifyReport,
    new_message,
    new_run,
    new_session,
)

__version__ = "0.1.0"

__all__ = [name for name in dir() if name[0] != "_" and name not in ("errors", "options", "reader", "values")]
