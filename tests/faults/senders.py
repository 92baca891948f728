"""Those who send mail and show pages, as processes against a test's own database and relay."""

import os
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

from celery import Celery
from django.conf import settings
from django.db import connection

from vqflow.embedded.place import free_port
from vqflow.processes import commands, environment, kill, spawn
from vqflow.stack import wait_until_healthy

PATIENCE_SECONDS = 90


def own_environment(**changes):
    """This test's database and relay; a Redis number of its own, so that no other worker takes the task."""
    name = connection.settings_dict["NAME"]
    own = {
        "DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl(),
        "REDIS_URL": urlsplit(os.environ["REDIS_URL"])._replace(path="/9").geturl(),
        "EMAIL_URL": f"smtp://{settings.EMAIL_HOST}:{settings.EMAIL_PORT}",
    }
    return environment(**own | changes)


class Senders:
    """Processes by name, all with the same environment; logs are in `folder`."""

    def __init__(self, folder, env, *, supervised=False):
        self.supervised = supervised
        self.folder, self.env, self.processes, self.port = folder, env, {}, free_port()

    def start(self, name, argv=None):
        """ "worker", "beat", "dispatch" (the second path) and "web" as production starts them, else `argv`."""
        own = self.folder / name
        own.mkdir(exist_ok=True)
        table = commands(web_bind=f"127.0.0.1:{self.port}", mail_bind="", var=str(own))
        what = argv or table[name.partition(" ")[0]]
        self.processes[name] = spawn(what, log=own / "log", env=self.env)
        if name == "web":
            wait_until_healthy(self.processes[name], self.port, own / "log")

    def kill(self, name):
        kill(self.processes.pop(name))

    def nudge(self):
        """Ask a worker to look for due mail."""
        app = Celery(broker=self.env["REDIS_URL"])
        app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
        with app.connection_for_write() as broker:
            app.send_task("scheduling.send_due_messages", connection=broker, ignore_result=True)

    def log_of(self, name):
        return (self.folder / name / "log").read_text(errors="replace")

    def log(self, lines=40):
        """The ends of all."""
        ends = [path.read_text(errors="replace").splitlines()[-lines:] for path in self.folder.glob("*/log")]
        return "\n".join(line for end in ends for line in end)

    def wait_until(self, happened, *, seconds=PATIENCE_SECONDS):
        """Fails with the ends of the logs, and at once where a process has ended by itself.

        Where they are supervised such a process is started again, as production does.
        """

        def so_far():
            for name in self.ended():
                assert self.supervised, self.log()
                self.kill(name)
                self.start(name)
            return happened()

        wait_until(so_far, seconds=seconds, why=self.log)

    def ended(self):
        """The names of those who have ended by themselves."""
        return [name for name, process in self.processes.items() if process.poll() is not None]

    def end(self):
        for name in list(self.processes):
            self.kill(name)


@contextmanager
def senders(folder, *, supervised=False, **changes):
    """None yet; those that were started are killed at the end."""
    own = Senders(folder, own_environment(**changes), supervised=supervised)
    try:
        yield own
    finally:
        own.end()


def wait_until(happened, *, seconds=PATIENCE_SECONDS, why=lambda: ""):
    """Return as soon as `happened()`; fails with `why()` after so many seconds."""
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, why()
        time.sleep(0.02)
