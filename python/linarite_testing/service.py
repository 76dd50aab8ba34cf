"""The service as a test starts it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from types import TracebackType
from typing import Any, Dict, List, Mapping, Optional, Sequence, Type, Union

from linarite_testing.programs import LinaritePrograms

# Nodes get a moment to end their tasks; PostgreSQL writes what it has.
END_WITHIN_S = 30.0


class NotStarted(RuntimeError):
    """The service did not start; the message is what it said."""


class CommandFailed(RuntimeError):
    """A command of `linarite` did not end with 0; the message is what it said."""


class Linarite:
    """A service that is ready, from `start` or the beginning of a `with` block to `stop` or its end.

    It ends with this process as well, however that comes about.

    seed: what there is from its start: the path of a file, or what stands in one (docs/seed.md).
    clock: "virtual": time passes when `advance` says so (docs/clock.md).
    ephemeral: everything in memory, which needs a tmpfs with room; by default on Linux alone.
    data_dir: where everything is kept, and stays; by default a directory that goes with the service.
    port: by default a free one.
    args: further words for `linarite up`.
    command: words that run `linarite`; by default those of LINARITE_COMMAND, or what is on the PATH.
    ready_within: seconds.
    """

    def __init__(
        self,
        *,
        seed: Union[None, str, "os.PathLike[str]", Mapping[str, Any]] = None,
        clock: str = "real",
        ephemeral: Optional[bool] = None,
        data_dir: Union[None, str, "os.PathLike[str]"] = None,
        port: int = 0,
        args: Sequence[str] = (),
        command: Optional[Sequence[str]] = None,
        ready_within: float = 120.0,
    ) -> None:
        self._seed = seed
        self._clock = clock
        self._ephemeral = sys.platform == "linux" if ephemeral is None else ephemeral
        self._given_data_dir = None if data_dir is None else os.path.abspath(data_dir)
        self._port = port
        self._args = list(args)
        self._command = command
        self._ready_within = ready_within
        self._process: Optional["subprocess.Popen[str]"] = None
        self._own: Optional[str] = None
        self._seed_directory: Optional[str] = None
        self._words: List[str] = []
        self.env: Dict[str, str] = {}

    def start(self) -> "Linarite":
        """Returns when it is ready. Raises NotStarted, or FileNotFoundError where there is no `linarite`."""
        if self._process is not None:
            raise RuntimeError("this service runs already")
        self._words = LinaritePrograms.find(self._command)
        self._own = tempfile.mkdtemp(prefix="linarite-test-")
        try:
            self._process = subprocess.Popen(
                [*self._words, *self._up_words()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            self.env = self._until_ready(self._process)
            self._forget_seed()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Ends it with its nodes and tasks; once or more often."""
        process, self._process = self._process, None
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(END_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
        self._forget_seed()
        own, self._own = self._own, None
        if own is not None:
            shutil.rmtree(own, ignore_errors=True)

    def run(self, *words: str) -> str:
        """What `linarite WORDS…` says of this service. Raises CommandFailed."""
        done = subprocess.run(
            [*self._words, *words, "--data-dir", self.data_dir],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, **self.env},
            check=False,
        )
        if done.returncode != 0:
            said = (done.stderr + done.stdout).strip()
            raise CommandFailed(f"linarite {' '.join(words)} ended with {done.returncode}\n{said}")
        return done.stdout

    def advance(self, time: str) -> None:
        """Lets time pass by `90s` or `7d`, or until `2030-01-31T00:00:00Z`. Needs a virtual clock."""
        self.run("clock", "set" if time.endswith("Z") else "advance", time)

    def drill(self, *words: str) -> str:
        """As `linarite drill WORDS…`: drill("preempt", "--pool", "p", "--rate", "50%/min", "--seed", "1")."""
        return self.run("drill", *words)

    @property
    def data_dir(self) -> str:
        """Where everything is kept."""
        if self._given_data_dir is not None:
            return self._given_data_dir
        if self._own is None:
            raise RuntimeError("this service does not run")
        return self._own

    @property
    def endpoint(self) -> str:
        """Of the Batch account, plain HTTP."""
        return self.env["AZURE_BATCH_ENDPOINT"]

    @property
    def account_name(self) -> str:
        return self.env["AZURE_BATCH_ACCOUNT"]

    @property
    def account_key(self) -> str:
        return self.env["AZURE_BATCH_ACCESS_KEY"]

    @property
    def storage_connection_string(self) -> str:
        return self.env["AZURE_STORAGE_CONNECTION_STRING"]

    @property
    def management_endpoint(self) -> str:
        """Of Resource Manager, and of the Batch account with TLS."""
        return self.env["LINARITE_MANAGEMENT_ENDPOINT"]

    @property
    def ca_file(self) -> str:
        """The authority (PEM) that clients have to trust there."""
        return self.env["LINARITE_CA_FILE"]

    def batch_client(self) -> Any:
        """A client of the package azure-batch, which has to be installed."""
        from azure.batch import BatchServiceClient
        from azure.batch.batch_auth import SharedKeyCredentials

        credentials = SharedKeyCredentials(self.account_name, self.account_key)
        return BatchServiceClient(credentials, batch_url=self.endpoint)

    def __enter__(self) -> "Linarite":
        return self.start()

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.stop()

    def _up_words(self) -> List[str]:
        words = ["up", "--with-parent", "--data-dir", self.data_dir, "--port", str(self._port), "--clock", self._clock]
        if self._ephemeral:
            words.append("--ephemeral")
        if self._seed is not None:
            words += ["--seed", self._seed_file(self._seed)]
        return words + self._args

    def _seed_file(self, seed: Union[str, "os.PathLike[str]", Mapping[str, Any]]) -> str:
        if not isinstance(seed, Mapping):
            return os.path.abspath(seed)
        # It may hold secrets, which no argument may.
        self._seed_directory = tempfile.mkdtemp(prefix="linarite-seed-")
        path = os.path.join(self._seed_directory, "seed.json")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            json.dump(seed, file)
        return path

    def _forget_seed(self) -> None:
        directory, self._seed_directory = self._seed_directory, None
        if directory is not None:
            shutil.rmtree(directory, ignore_errors=True)

    def _until_ready(self, process: "subprocess.Popen[str]") -> Dict[str, str]:
        errors: List[str] = []
        reader = threading.Thread(target=self._collect, args=(process, errors), daemon=True)
        reader.start()
        timer = threading.Timer(self._ready_within, process.kill)
        timer.start()
        try:
            if process.stdout is not None:
                for line in process.stdout:
                    if line.startswith("{"):
                        ready: Dict[str, str] = json.loads(line)
                        return ready
        finally:
            timer.cancel()
        process.wait()
        reader.join(1.0)
        said = "".join(errors).strip() or f"linarite ended with {process.returncode}"
        raise NotStarted(said)

    @staticmethod
    def _collect(process: "subprocess.Popen[str]", errors: List[str]) -> None:
        if process.stderr is not None:
            try:
                for line in process.stderr:
                    errors.append(line)
            except ValueError:
                pass
