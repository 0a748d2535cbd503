#!/usr/bin/env python3
"""The scripts in a fresh clone: what they write to exists.

Programs that they call stand here as files that do nothing, so that only the
scripts themselves are tried. script/check-server runs the real thing.
"""
import os
import shutil
import stat
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


class FreshClone(unittest.TestCase):
    def setUp(self):
        self.tree = tempfile.mkdtemp(prefix="clone.")
        self.addCleanup(shutil.rmtree, self.tree, ignore_errors=True)
        shutil.copytree(os.path.join(ROOT, "script"),
                        os.path.join(self.tree, "script"))
        self.program("script/bootstrap", "exit 0")

    def program(self, path, text):
        path = os.path.join(self.tree, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as out:
            out.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)

    def run_script(self, name):
        environment = dict(os.environ)
        environment["PATH"] = (os.path.join(self.tree, "bin") + ":" +
                               environment["PATH"])
        return subprocess.run([os.path.join(self.tree, "script", name)],
                              capture_output=True, text=True, timeout=60,
                              env=environment, check=False)

    def text(self, path):
        with open(os.path.join(self.tree, path), encoding="ascii") as f:
            return f.read()

    def test_server_has_where_to_log_to(self):
        self.program("bin/cmake", "echo no compiler; exit 1")
        done = self.run_script("server")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            done.stderr, "script/server: cmake failed; see build/configure.log\n")
        self.assertEqual(self.text("build/configure.log"), "no compiler\n")

    def test_test_has_where_to_log_to(self):
        self.program("bin/cmake", "echo no compiler; exit 1")
        done = self.run_script("test")
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("No such file", done.stderr)
        self.assertTrue(done.stdout.endswith("no compiler\n"), done.stdout)


if __name__ == "__main__":
    unittest.main()
