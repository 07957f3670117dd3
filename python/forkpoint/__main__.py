"""The command line: ``forkpoint …`` and ``python -m forkpoint …``."""

import os
import subprocess
import sys

from ._child import find_command_line, find_node
from .errors import NodeError


def main() -> int:
    """Runs the command line with this process's arguments."""
    try:
        command = [find_node(), find_command_line(), *sys.argv[1:]]
    except NodeError as error:
        print(f"forkpoint: {error}", file=sys.stderr)
        return 1
    if os.name == "nt":
        return subprocess.call(command)
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
