"""A pytest plugin: `stack`, the whole of VQFlow as real processes, for journeys and fault tests."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests import zones
from tests.servers import EXTERNAL, USE_WHEELS
from vqflow.embedded import CannotStart, Servers
from vqflow.embedded.place import free_port
from vqflow.mailbox import messages
from vqflow.processes import PROJECT, commands, environment, kill, spawn, stop
from vqflow.stack import (
    LOOPBACK,
    loopback_environment,
    prepare_database,
    run,
    static_files_collected,
    wait_until_healthy,
)

PROCESSES = ("mail", "web", "worker", "beat")
# The demonstration's day is in full swing, and its midnight far away.
DEMO_HOUR = 11
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Stack:
    """Web, worker, beat and mailbox over PostgreSQL and Valkey (or Redis) of their own.

    `env` is what the processes read: the application's restricted role, no owner's password.
    """

    folder: Path
    servers: Servers | None
    port: int = field(default_factory=free_port)
    mail_port: int = field(default_factory=free_port)
    dicom_port: int = field(default_factory=free_port)
    owner_url: str = ""
    env: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def mail_folder(self) -> Path:
        return self.folder / "mail"

    def mails(self) -> list[EmailMessage]:
        """What the mailbox has received so far, oldest first."""
        return messages(self.mail_folder)

    def up(self, *, seed: bool = True) -> None:
        """Start the servers, prepare and seed the database, start every process."""
        addresses = self._addresses()
        self.owner_url = addresses.pop("OWNER_DATABASE_URL")
        settings = loopback_environment(
            self.folder, port=self.port, mail_bind=f"{LOOPBACK}:{self.mail_port}", demo=True
        )
        self.env = environment(**settings, **addresses)
        for name in ("STATICFILES", "APP_DATABASE_URL", "OWNER_DATABASE_URL"):
            self.env.pop(name, None)
        log = self.folder / "prepare.log"
        with static_files_collected(self.env, log):
            prepare_database(self.env, log, owner_url=self.owner_url)
        if seed:
            zone = zones.where_it_is(DEMO_HOUR)
            run(["python", "manage.py", "load_demo", "--small", "--zone", zone], self.env, log)
        for name in PROCESSES:
            self.start(name)

    def start(self, name: str) -> None:
        """Start a process of the table (web: until it answers), or "postgres" or "valkey"."""
        if name in ("postgres", "valkey"):
            getattr(self.servers, name).start()
            return
        table = commands(
            web_bind=f"{LOOPBACK}:{self.port}",
            mail_bind=f"{LOOPBACK}:{self.mail_port}",
            dicom_bind=f"{LOOPBACK}:{self.dicom_port}",
            var=str(self.folder),
        )
        self.processes[name] = spawn(table[name], log=self.folder / f"{name}.log", env=self.env)
        if name == "web":
            wait_until_healthy(self.processes["web"], self.port, self.folder / "web.log")

    def kill(self, name: str) -> None:
        """End a process or a server at once (SIGKILL), as a power cut would."""
        if name in ("postgres", "valkey"):
            getattr(self.servers, name).kill()
        else:
            kill(self.processes.pop(name))

    def stop(self, name: str) -> None:
        """Ask a process or a server to end, and wait for it."""
        if name in ("postgres", "valkey"):
            getattr(self.servers, name).stop()
        else:
            stop(self.processes.pop(name))

    def manage(self, *arguments: str) -> str:
        """Run manage.py with the stack's environment; what it printed. Raises CalledProcessError."""
        done = subprocess.run(
            ["python", "manage.py", *arguments],
            env=self.env,
            cwd=PROJECT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=300,
        )
        return done.stdout

    def log(self, name: str, lines: int = 30) -> str:
        """The end of a process's log ("web", "worker", "beat", "mail" or "prepare")."""
        path = self.folder / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def down(self) -> None:
        for name in reversed(list(self.processes)):
            self.stop(name)
        if self.servers is not None:
            self.servers.stop()
            self.servers.forget()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _addresses(self) -> dict[str, str]:
        if self.servers is not None:
            self.servers.start()
            return self.servers.environment
        database = f"vqflow_stack_{os.getpid()}"
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {database}")
        addresses = {
            "OWNER_DATABASE_URL": os.environ["DATABASE_URL"],
            "DATABASE_URL": os.environ["APP_DATABASE_URL"],
        }
        fresh = {
            name: urlsplit(url)._replace(path=f"/{database}").geturl() for name, url in addresses.items()
        }
        return {**fresh, "REDIS_URL": os.environ["REDIS_URL"]}


def new_stack() -> Stack:
    """A stack that has not been started; its servers are its own unless VQFLOW_TEST_EXTERNAL=1."""
    folder = Path(tempfile.mkdtemp(prefix="vqflow-stack-"))
    return Stack(folder, None if EXTERNAL else Servers.of(folder, use_wheels=USE_WHEELS))


@pytest.fixture(scope="session")
def stack():
    """The running stack with the small demonstration department, one for the whole run."""
    running = new_stack()
    try:
        running.up()
    except CannotStart as refusal:
        pytest.fail(f"{refusal}\n{running.log('prepare')}\n{running.log('web')}")
    else:
        yield running
    finally:
        running.down()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium. Without one the test is skipped, or fails where VQFLOW_REQUIRE_BROWSER=1."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        reason = "Chromium is not installed, so nothing was tried in a browser"
        if os.environ.get("VQFLOW_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
