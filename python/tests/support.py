"""What the tests stand on: folders, the model server of the agent's own tests, other processes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGE = os.path.join(ROOT, "python")
os.environ.setdefault("FORKPOINT_SERVE", os.path.join(ROOT, "dist", "cli", "main.js"))
SOAK = os.environ.get("FORKPOINT_SOAK") == "1"


class FolderTest(unittest.TestCase):
    """A test in an empty folder."""

    def setUp(self):
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="forkpoint-python-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def model(self, script):
        """Starts a model server that plays the script, and gives the text of a configuration for it."""
        server = subprocess.Popen(
            ["node", os.path.join(ROOT, "test", "support", "model-process.mjs"), json.dumps(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

        def stop():
            server.stdin.close()
            server.wait(10)
            server.stdout.close()

        self.addCleanup(stop)
        url = server.stdout.readline().decode().strip()
        return (
            'default_model = "test/model"\nproviders "test" {\n  api_key = "sk-test-0123456789abcdef"\n'
            f'  base_url = "{url}"\n  models "model" {{}}\n}}\n'
        )

    def python(self, program, **more):
        """Runs a program in a Python of its own; gives what it prints."""
        env = {**os.environ, "PYTHONPATH": PACKAGE}
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=self.folder, env=env, stdout=subprocess.PIPE, timeout=120, **more
        )
        self.assertEqual(done.returncode, 0, program)
        return done.stdout.decode()

    def node(self, program):
        """Runs a TypeScript user's program, which imports from ``forkpoint``."""
        text = program.replace("'forkpoint'", json.dumps("file://" + os.path.join(ROOT, "dist", "index.js")))
        done = subprocess.run(
            ["node", "--input-type=module", "-e", text], cwd=self.folder, stdout=subprocess.PIPE, timeout=120
        )
        self.assertEqual(done.returncode, 0, program)
        return done.stdout.decode()
