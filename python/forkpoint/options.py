"""What agents and sessions are told."""

from __future__ import annotations

import inspect
import os
from dataclasses import dataclass, fields
from typing import Any, Callable, Dict, List, Mapping, Optional, Union

from .values import PermissionRequest, camel

#: ``allow``, ``deny`` or ``defer``, or ``{"decision": …, "reason": …}``; in the asyncio twin also an awaitable of it.
OnPermission = Callable[[PermissionRequest], Any]


@dataclass
class PermissionPolicy:
    """Rules for tool calls: deny goes before ask, ask before allow, allow before ``default_decision``.

    >>> PermissionPolicy(deny=["bash(rm:*)"], allow=["read"], default_decision="ask")
    """

    deny: Optional[List[str]] = None
    ask: Optional[List[str]] = None
    allow: Optional[List[str]] = None
    default_decision: Optional[str] = None
    enabled: Optional[bool] = None


@dataclass
class Tool:
    """A Python function that the model may call; ``run`` gets the input's fields by name.

    ``input_schema`` is JSON Schema of type ``object``; without it, it follows from the annotations of ``run``.
    """

    run: Callable[..., Any]
    description: Optional[str] = None
    input_schema: Optional[Dict[str, Any]] = None
    needs_approval: bool = False

    def on_wire(self, name: str) -> Dict[str, Any]:
        return {
            "name": name,
            "description": self.description or inspect.getdoc(self.run) or name,
            "inputSchema": self.input_schema or _schema_of(self.run),
            "needsApproval": self.needs_approval,
        }


Tools = Mapping[str, Union[Tool, Callable[..., Any]]]


@dataclass
class SessionOptions:
    """Options of ``session`` and ``resume_session``; each takes those it knows, and what is ``None`` is not said.

    ``session`` alone: ``session_id``, ``if_exists``, ``title``, ``metadata``. ``resume_session`` alone: ``at``,
    ``branch``, ``workspace``. ``on_permission`` is called on the thread that waits for the turn.
    """

    session_store: Any = None
    session_id: Optional[str] = None
    auto_save: Union[bool, str, None] = None
    permission_policy: Optional[PermissionPolicy] = None
    on_permission: Optional[OnPermission] = None
    on_conflict: Optional[str] = None
    tools: Optional[Tools] = None
    system_prompt: Optional[str] = None
    max_steps: Optional[int] = None
    store_deltas: Optional[bool] = None
    if_exists: Optional[str] = None
    model: Optional[str] = None
    title: Optional[str] = None
    metadata: Optional[Dict[str, Any]] = None
    at: Optional[str] = None
    branch: Optional[str] = None
    workspace: Optional[str] = None

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _KNOWN:
            raise AttributeError(f"SessionOptions has no option '{name}'")
        super().__setattr__(name, value)

    def wire(self, leave_out: List[str]) -> Dict[str, Any]:
        """What can be sent at once: all but the store."""
        skip = ["session_store", "on_permission", "tools", "permission_policy", "workspace", *leave_out]
        sent = wire_options({each.name: getattr(self, each.name) for each in fields(self) if each.name not in skip})
        if self.permission_policy is not None:
            sent["permissionPolicy"] = wire_options(vars(self.permission_policy))
        if self.on_permission is not None:
            sent["asksPermission"] = True
        if self.tools is not None:
            sent["tools"] = [tool.on_wire(name) for name, tool in tools_of(self.tools).items()]
        if self.workspace is not None and "workspace" not in leave_out:
            sent["workspace"] = os.path.abspath(self.workspace)
        return sent


_KNOWN = {each.name for each in fields(SessionOptions)}


def tools_of(tools: Optional[Tools]) -> Dict[str, Tool]:
    return {name: tool if isinstance(tool, Tool) else Tool(tool) for name, tool in (tools or {}).items()}


def wire_options(options: Mapping[str, Any]) -> Dict[str, Any]:
    """By the protocol's names, without what is ``None``."""
    return {camel(name): value for name, value in options.items() if value is not None}


_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "list": "array", "dict": "object"}


def _schema_of(run: Callable[..., Any]) -> Dict[str, Any]:
    properties: Dict[str, Any] = {}
    required: List[str] = []
    for name, parameter in inspect.signature(run).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        annotation = parameter.annotation
        text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
        kind = _TYPES.get(text.split("[")[0].lower())
        properties[name] = {} if kind is None else {"type": kind}
        if parameter.default is parameter.empty:
            required.append(name)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
