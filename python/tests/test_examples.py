import os
import subprocess
import sys

from .support import PACKAGE, ROOT, FolderTest

FOLDER = os.path.join(ROOT, "examples", "python")


class ExamplesTest(FolderTest):
    def test_every_example_runs(self):
        with open(self.path("config.acl"), "w") as file:
            file.write(self.model([{"text": f"Answer {number}."} for number in range(3)]))
        for name in sorted(os.listdir(FOLDER)):
            done = subprocess.run(
                [sys.executable, os.path.join(FOLDER, name), self.path("config.acl")],
                env={**os.environ, "PYTHONPATH": PACKAGE},
                cwd=self.folder,
                stdout=subprocess.PIPE,
            )
            self.assertEqual((name, done.returncode), (name, 0))
            self.assertTrue(done.stdout)
