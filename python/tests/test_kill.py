"""``kill -9`` at random moments: of Python, of its child, of both. What was acknowledged is there, nobody stays."""

import os
import random
import signal
import subprocess
import sys
import time

import forkpoint

from .support import PACKAGE, SOAK, FolderTest

TIMES = 50 if SOAK else 4
PROGRAM = """
import sys
from forkpoint import *
from forkpoint import _child
store = GitSessionStore(sys.argv[1])
if not store.exists("s"): store.save(new_session("s"))
print("child", _child.current().pid, flush=True)
number = int(sys.argv[2])
message = None
while True:
    # A retry says the same again; then the key makes it harmless.
    message = message or new_message("user", "x", id=f"m{number}")
    try:
        store.append("s", {"messages": [message]}, key=f"k{number}")
        message = None
        print("saved", number, flush=True)
        number += 1
    except ServerGoneError:
        print("child", _child.current().pid, flush=True)
"""


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class KillTest(FolderTest):
    def kill_often(self, who):
        if not os.path.isdir("/proc/self"):
            self.skipTest("needs /proc")
        store, number, pick = self.path("sessions"), 0, random.Random(who)
        for _ in range(TIMES):
            process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, store, str(number)],
                env={**os.environ, "PYTHONPATH": PACKAGE},
                stdout=subprocess.PIPE,
            )
            children = [int(process.stdout.readline().split()[1])]
            time.sleep(pick.uniform(0, 0.3))
            if who != "python":
                os.kill(children[0], signal.SIGKILL)
            if who == "child":
                # It goes on with a new one; its end is a kill as well.
                time.sleep(1)
            process.kill()
            for line in process.stdout.read().decode().split("\n")[:-1]:
                what, value = line.split()
                if what == "child":
                    children.append(int(value))
                else:
                    number = int(value) + 1
            process.wait()
            process.stdout.close()
            if who == "child":
                self.assertEqual(len(children), 2)
            end = time.monotonic() + 5
            while any(is_alive(child) for child in children) and time.monotonic() < end:
                time.sleep(0.05)
            self.assertFalse([child for child in children if is_alive(child)])
            with forkpoint.GitSessionStore(store) as reader:
                found = reader.load("s")
                ids = [] if found is None else [each["id"] for each in found["messages"]]
                self.assertEqual(ids[:number], [f"m{each}" for each in range(number)])
                self.assertLessEqual(len(ids), number + 1)
                number = len(ids)
        self.assertGreater(number, 0)

    def test_of_python(self):
        self.kill_often("python")

    def test_of_the_child(self):
        self.kill_often("child")

    def test_of_both(self):
        self.kill_often("both")
