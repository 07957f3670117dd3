"""The reader without Node, held against ``load``."""

import base64
import json
import os
import subprocess

import forkpoint
from forkpoint import GitSessionStore, new_message, new_session
from forkpoint.reader import ref_part

from .support import ROOT, FolderTest

FIXTURES = os.path.join(ROOT, "fixtures")


class ReaderTest(FolderTest):
    def compare(self, store, folder, session):
        for checkpoint in store.log(session):
            self.assertEqual(forkpoint.read(folder, session, at=checkpoint.id), store.load(session, at=checkpoint.id))
        expected = [(each.id, each.subject, each.body, each.kind, each.seq) for each in store.log(session)]
        found = [
            (each["id"], each["subject"], each["body"], each["Kind"], int(each["Seq"]))
            for each in forkpoint.log(folder, session)
        ]
        self.assertEqual(found, expected)
        for branch in store.branches(session):
            loaded = store.load(session, branch=branch.name)
            self.assertEqual(forkpoint.read(folder, session, at=branch.name), loaded)
        self.assertEqual(forkpoint.read(folder, session), store.load(session))

    def test_every_checkpoint_of_every_transcript(self):
        folder = self.path("sessions")
        transcripts = os.path.join(FIXTURES, "claude-code")
        for name in sorted(os.listdir(transcripts)):
            if name.endswith(".jsonl"):
                command = ["node", os.environ["FORKPOINT_SERVE"], "import", "claude-code", os.path.join(transcripts, name)]
                subprocess.run([*command, "--store", folder], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with GitSessionStore(folder) as store:
            sessions = [each.id for each in store.list()]
            self.assertGreaterEqual(len(sessions), 2)
            for session in sessions:
                self.compare(store, folder, session)

    def test_the_states_of_the_fixtures(self):
        folder = self.path("sessions")
        states = [os.path.join(FIXTURES, "state", "v1.json"), os.path.join(FIXTURES, "claude-code", "format-1.state.json")]
        with GitSessionStore(folder) as store:
            for path in states:
                with open(path, encoding="utf-8") as file:
                    state = json.load(file)
                store.save(state)
                self.assertEqual(forkpoint.read(folder, state["id"]), store.load(state["id"]))

    def test_values_that_are_written_in_another_form(self):
        folder, id = self.path("sessions"), "Ünïcode/und. so.lock"
        with GitSessionStore(folder) as store:
            state = new_session(id)
            state["metadata"] = {
                "$lines": 1,
                "$$file": {"$parts": "text"},
                "lines": "a\nb\n",
                "long": "x" * 70_000,
                "bytes": base64.b64encode(os.urandom(5000)).decode(),
                "odd": [-0.0, "\ud800", 1e300, {"__proto__": 1}, 2**53],
            }
            parts = [{"type": "text", "text": "one\n"}, {"type": "x", "text": 1}, {"type": "text", "text": "two"}]
            state["messages"] = [new_message("user", "one\ntwo", parts=parts), *(new_message("user", str(n)) for n in range(250))]
            events = [{"sequence": n, "at": "2026-01-01T00:00:00.000Z", "type": "x", "long": "y" * n} for n in range(600)]
            state["runs"] = [forkpoint.new_run("Go", events=events), forkpoint.new_run("Again")]
            store.save(state)
            store.append(id, {"messages": [new_message("user", "More")]}, subject="b", body="c\n\nForkpoint-Seq: 9")
            store.tag(id, "v 1", at="main~1")
            self.compare(store, folder, id)
            self.assertEqual(forkpoint.read(folder, id, at="v 1"), store.load(id, at="v 1"))
            self.assertEqual(str(forkpoint.read(folder, id)["metadata"]["odd"][0]), "-0.0")
            long = new_session("L" * 150)
            store.save(long)
            self.compare(store, folder, long["id"])
            self.assertIsNone(forkpoint.read(folder, "nothing"))
            for at in ["nothing", "main~9", "dead"]:
                with self.assertRaisesRegex(LookupError, f"There is no revision '{at}' in session"):
                    forkpoint.read(folder, id, at=at)
            with self.assertRaisesRegex(LookupError, "There is no store at"):
                forkpoint.read(folder + "-none", id)

    def test_it_is_as_short_as_the_format_promises(self):
        with open(os.path.join(ROOT, "python", "forkpoint", "reader.py"), encoding="utf-8") as file:
            self.assertLessEqual(len(file.readlines()), 200)
        self.assertEqual([ref_part("con"), ref_part("_a"), ref_part("a..b.")], ["%63on", "%5fa", "a%2e.b%2e"])
        names = {"PROJ-123": "proj-123+", "Abc": "abc+4", "C++": "c%2b%2b+", "CON": "%63on+", "É": "%c3%89"}
        self.assertEqual({name: ref_part(name) for name in names}, names)
