"""Run by `python3 -m unittest discover -s tests` in this directory, and by pytest as well."""

from __future__ import annotations

import os
import unittest

from linarite_testing import CommandFailed, Linarite, LinaritePrograms, NotStarted

POOL = {
    "id": "p",
    "vmSize": "standard_d2s_v3",
    "targetDedicatedNodes": 1,
    "virtualMachineConfiguration": {
        "imageReference": {"publisher": "canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts"},
        "nodeAgentSKUId": "batch.node.ubuntu 22.04",
    },
}


class ServiceTest(unittest.TestCase):
    def test_runs_a_task_and_lets_time_pass(self) -> None:
        with Linarite(seed={"pools": [POOL]}, clock="virtual") as service:
            pid, kept = int(service.env["LINARITE_PID"]), service.data_dir
            service.run("job", "create", "--id", "j", "--pool-id", "p")
            service.run("task", "create", "j", "--id", "t", "--command-line", "/bin/echo done")
            service.run("task", "wait", "j", "t")
            service.advance("7d")
            self.assertIn("7 d ahead", service.run("clock"))
            with self.assertRaisesRegex(CommandFailed, "nosuch"):
                service.run("job", "show", "nosuch")
        self.assertFalse(os.path.exists(kept))
        with self.assertRaises(ProcessLookupError):
            os.kill(pid, 0)

    def test_azure_batch_works_with_it(self) -> None:
        with Linarite() as service:
            self.assertEqual([], list(service.batch_client().job.list()))

    def test_what_does_not_start_says_why(self) -> None:
        with self.assertRaisesRegex(NotStarted, "/nowhere/seed.yaml"):
            Linarite(seed="/nowhere/seed.yaml").start()

    def test_a_missing_program_says_how_to_get_it(self) -> None:
        kept = {name: os.environ.pop(name) for name in ("LINARITE_COMMAND", "PATH") if name in os.environ}
        os.environ["PATH"] = "/nowhere"
        try:
            with self.assertRaisesRegex(FileNotFoundError, "npm install -g linarite"):
                LinaritePrograms.find()
        finally:
            os.environ.update(kept)


if __name__ == "__main__":
    unittest.main()
