import copy
import multiprocessing
import os
import shutil
import signal
import subprocess
import threading
import unittest

import forkpoint
from forkpoint import (
    AlreadyExistsError,
    Author,
    ConflictError,
    FileSessionStore,
    ForkpointError,
    GitSessionStore,
    InvalidStateError,
    MemorySessionStore,
    NodeError,
    NotFoundError,
    ServerGoneError,
    SessionClosedError,
    Signing,
    new_message,
    new_run,
    new_session,
)
from forkpoint import _child

from .support import FolderTest


def in_fork(queue):
    with MemorySessionStore() as store:
        store.save(new_session("forked"))
        queue.put([_child.current().pid, store.exists("forked")])


class StoreTest(FolderTest):
    def filled(self):
        store = GitSessionStore(self.path("sessions"), author=Author("Ann", "ann@example.com"))
        self.addCleanup(store.close)
        store.save(new_session("demo"), subject="one")
        for number in range(3):
            store.append("demo", {"messages": [new_message("user", f"turn {number}", id=f"m{number}")]})
        return store

    def test_secrets_are_taken_out_and_stored_ones_found(self):
        token = "ghp_" + "a1B2" * 9
        with GitSessionStore(self.path("clean"), redact="secrets") as store:
            store.save({**new_session("demo"), "messages": [new_message("user", f"it is {token}")]})
            self.assertRegex(store.load("demo")["messages"][0]["content"], r"^it is \[redacted:github:[0-9a-f]{8}\]$")
            self.assertEqual(list(store.scan()), [])
        with GitSessionStore(self.path("leaky")) as store:
            store.save({**new_session("demo"), "messages": [new_message("user", f"it is {token}", id="m")]})
            found = list(store.scan("demo"))
            self.assertEqual({(each.session, each.rule) for each in found}, {("demo", "github")})
            self.assertIn("m", {each.message for each in found})
            self.assertNotIn(token, repr(found))
            self.assertEqual(list(store.scan("demo", allow=[token])), [])

    def test_a_store_that_cannot_sign_writes_nothing(self):
        with GitSessionStore(self.path("signed"), sign=Signing(self.path("no-key"))) as store:
            with self.assertRaises(ForkpointError) as caught:
                store.save(new_session("demo"))
            self.assertEqual(caught.exception.code, "SIGNING")
            self.assertFalse(store.exists("demo"))

    @unittest.skipIf(shutil.which("ssh-keygen") is None, "there is no ssh-keygen")
    def test_what_is_signed_is_good_for_git_and_readable_without_node(self):
        folder, key, allowed = self.path("signed"), self.path("key"), self.path("allowed")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        with open(f"{key}.pub", encoding="utf-8") as public, open(allowed, "w", encoding="utf-8") as signers:
            signers.write(f"ann@example.com {public.read()}")
        with GitSessionStore(folder, sign=Signing(key)) as store:
            store.save(new_session("demo"), subject="one")
            store.append("demo", {"messages": [new_message("user", "signed")]})
            store.fork("demo", session="copy")
            expected = {each.id: store.load("copy", at=each.id) for each in store.log("copy")}
            signed = [each.signature for each in store.log("demo", allowed_signers=allowed)]
            self.assertEqual({(each.status, each.principal) for each in signed}, {("good", "ann@example.com")})
            anyone = next(iter(store.log("demo", signatures=True, limit=1))).signature
            self.assertEqual((anyone.status, anyone.key, anyone.principal), ("good", signed[0].key, None))
            self.assertIsNone(next(iter(store.log("demo", limit=1))).signature)
            with self.assertRaises(ForkpointError):
                list(store.log("demo", allowed_signers=self.path("nowhere")))
        with MemorySessionStore() as store:
            store.save(new_session("demo"))
            with self.assertRaises(ForkpointError) as caught:
                list(store.log("demo", signatures=True))
            self.assertEqual(caught.exception.code, "UNSUPPORTED")
        git = ["git", "--git-dir", folder, "-c", f"gpg.ssh.allowedSignersFile={allowed}"]
        subprocess.run([*git, "verify-commit", *expected], check=True, stderr=subprocess.DEVNULL)
        self.assertEqual({each["id"]: forkpoint.read(folder, "copy", at=each["id"]) for each in forkpoint.log(folder, "copy")}, expected)

    def test_every_call_of_a_store(self):
        store = self.filled()
        self.assertTrue(store.supports().history)
        self.assertEqual(store.type(), "session")
        tip = store.checkpoint("demo")
        self.assertEqual((tip.seq, tip.messages, tip.author), (4, (2, 2), Author("Ann", "ann@example.com")))
        self.assertEqual(store.resolve("demo", "main"), tip.id)
        self.assertEqual(store.checkpoint("demo", "main~3").subject, "one")
        self.assertEqual([each.seq for each in store.log("demo")], [4, 3, 2, 1])
        self.assertEqual([each.seq for each in store.log("demo", limit=2, at="main~1")], [3, 2])
        self.assertEqual(store.tag("demo", "v1", at="main~1").name, "v1")
        self.assertEqual([each.name for each in store.tags("demo")], ["v1"])
        store.fork("demo", at="main~2", branch="other")
        self.assertEqual(store.fork("demo", session="copy").kind, "fork")
        self.assertEqual({each.name: each.active for each in store.branches("demo")}, {"main": True, "other": False})
        store.switch("demo", "other")
        self.assertEqual(len(store.load("demo")["messages"]), 1)
        store.switch("demo", "main")
        self.assertEqual([each.id for each in store.list(order="id")], ["copy", "demo"])
        diff = store.diff("demo", "main~1", "main", patch=True)
        self.assertEqual([each["id"] for each in diff.messages["added"]], ["m2"])
        self.assertIn("turn 2", diff.patch)
        self.assertEqual(diff.from_["session"], "demo")
        self.assertTrue(store.diff("demo", "main", other="copy").fields)
        run = new_run("Go", id="r1", events=[{"sequence": n, "at": "2026-01-01T00:00:00.000Z", "type": "x"} for n in (0, 1)])
        store.append("demo", {"runs": [run]})
        self.assertEqual([each["sequence"] for each in store.run_events("demo", "r1", after=0)], [1])
        self.assertEqual(store.load("demo", last=1, events=False)["messages"][0]["id"], "m2")
        phases = []
        self.assertTrue(store.verify("demo", on_progress=phases.append).ok)
        self.assertTrue(store.maintain(on_progress=phases.append).packs_after >= 1)
        self.assertEqual(store.stats().sessions, 2)
        self.assertEqual((store.delete("copy"), store.delete("copy"), store.exists("copy")), (True, False, False))
        self.assertIsNone(store.load("copy"))

    def test_handles(self):
        store = self.filled()
        handle = store.open("demo")
        state = handle.state()
        state["title"] = "Mine"
        self.assertEqual(handle.save(state).seq, 5)
        store.append("demo", {"set": {"title": "Theirs"}})
        with self.assertRaises(ConflictError) as raised:
            handle.append({"set": {"title": "Late"}})
        self.assertEqual(raised.exception.expected, handle.checkpoint.id)
        handle.append({"set": {"title": "Late"}}, branch="mine")
        self.assertEqual(handle.branch, "mine")
        handle.close()
        with self.assertRaises(NotFoundError):
            handle.state()

    def test_a_state_remembers_where_it_was_loaded_and_a_copy_does_not(self):
        for store in (GitSessionStore(self.path("g")), FileSessionStore(self.path("f")), MemorySessionStore()):
            with store:
                for first in (new_session("a"), dict(new_session("b"))):
                    store.save(first)
                    first["title"] = "again"
                    store.save(first)
                    loaded, stale = store.load(first["id"]), store.load(first["id"])
                    loaded["title"] = "loaded"
                    store.save(loaded)
                    stale["title"] = "stale"
                    with self.assertRaises(ConflictError):
                        store.save(stale)
                    with self.assertRaises(ConflictError):
                        store.save({**copy.deepcopy(loaded), "title": "copied"})
            with self.assertRaises(SessionClosedError):
                store.exists("a")

    def test_what_would_not_come_back_as_it_is_is_refused(self):
        with MemorySessionStore(type="x", collections=[]) as store:
            kept = {"id": "a", "big": 2**53, "zero": -0.0, "half": "\ud800", "huge": 1e300, "__proto__": {"a": 1}}
            store.save(kept)
            found = store.load("a")
            self.assertEqual({key: found[key] for key in kept}, kept)
            self.assertEqual(str(found["zero"]), "-0.0")
            store.save(found)
            for wrong in (2**53 + 1, -(2**60), float("nan"), float("inf"), {1: 2}, {1, 2}, b"x"):
                with self.assertRaises(InvalidStateError) as raised:
                    store.save({"id": "b", "list": [wrong]})
                self.assertIn("list", raised.exception.issues[0]["path"])
            self.assertFalse(store.exists("b"))

    def test_errors_have_the_names_and_the_data_of_the_table(self):
        store = self.filled()
        with self.assertRaises(NotFoundError) as raised:
            store.load("demo", at="nothing")
        self.assertEqual((raised.exception.code, raised.exception.session), ("NOT_FOUND", "demo"))
        with self.assertRaises(AlreadyExistsError):
            store.fork("demo", branch="main")
        with self.assertRaises(TypeError):
            store.save(new_session("x"), no_such_option=1)
        with self.assertRaises(ConflictError):
            store.save(new_session("new"), expected="0" * 40)
        store.save(new_session("new"), expected=None)

    def test_every_method_that_is_called_is_in_the_table_and_the_other_way_round(self):
        import re

        from forkpoint._remote import ask_blocking

        served = set(ask_blocking(_child.current(), "hello", {})["methods"])
        called = set()
        folder = os.path.dirname(forkpoint.__file__)
        for name in ("aio.py", "_child.py", "_remote.py"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                called |= set(re.findall(r'"((?:store|handle|position|cursor|agent|session)\.\w+|\$cancel)"', file.read()))
        self.assertEqual(called, served - {"hello"})

    def test_paths_become_absolute_when_the_object_is_made(self):
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        with GitSessionStore("here") as store:
            os.chdir(before)
            store.save(new_session("a"))
        self.assertTrue(os.path.exists(self.path("here", "HEAD")))

    def test_threads_share_one_process(self):
        store = self.filled()
        failed = []

        def work(name):
            try:
                for number in range(10):
                    store.append("demo", {"messages": [new_message("user", f"{name} {number}")]})
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        self.assertEqual(len(store.load("demo")["messages"]), 43)

    def test_a_process_that_dies_is_replaced_and_what_it_held_says_that_it_is_gone(self):
        store, memory = self.filled(), MemorySessionStore()
        memory.save(new_session("a"))
        handle = store.open("demo")
        child = _child.current()
        os.kill(child.pid, signal.SIGKILL)
        child._process.wait()
        for call in (handle.state, lambda: memory.exists("a")):
            with self.assertRaises(ServerGoneError):
                call()
        self.assertEqual(len(store.load("demo")["messages"]), 3)
        self.assertNotEqual(_child.current().pid, child.pid)

    def test_a_forked_process_has_a_server_of_its_own(self):
        if "fork" not in multiprocessing.get_all_start_methods():
            self.skipTest("no fork here")
        store = self.filled()
        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        process = context.Process(target=in_fork, args=(queue,))
        process.start()
        pid, exists = queue.get(timeout=60)
        process.join(30)
        self.assertTrue(exists)
        self.assertNotEqual(pid, _child.current().pid)
        self.assertTrue(store.exists("demo"))

    def test_a_missing_or_old_node_is_an_error_that_says_what_to_do(self):
        old = self.path("old-node")
        with open(old, "w") as file:
            file.write("#!/bin/sh\necho v18.1.0\n")
        os.chmod(old, 0o755)
        for node, word in (("/nothing/here", "not found"), (old, "v18.1.0")):
            program = (
                "from forkpoint import *\n"
                f"try: MemorySessionStore().exists('a')\nexcept NodeError as error: print(error)"
            )
            os.environ["FORKPOINT_NODE"] = node
            try:
                said = self.python(program)
            finally:
                del os.environ["FORKPOINT_NODE"]
            self.assertIn(word, said)
            self.assertIn("FORKPOINT_NODE", said)
        self.assertTrue(issubclass(NodeError, forkpoint.ForkpointError))
