"""One whole VQFlow on one machine: what its processes read, how it is made ready, when it is well.

The supervisor and the tests against a running stack share this. It never reads the settings.
"""

import contextlib
import fcntl
import hashlib
import os
import shlex
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from vqflow.embedded import CannotStart, kept_secrets
from vqflow.processes import PROJECT, spawn

LOOPBACK = "127.0.0.1"
HEALTHY_WITHIN_SECONDS = 60
DEMO_BANNER = "Demonstration: every patient here is invented. Do not enter real ones."


def loopback_environment(var: Path, *, port: int, mail_bind: str, demo: bool) -> dict[str, str]:
    """What the processes of a stack on this machine read, all but the addresses of the databases."""
    return {
        "SECRET_KEY": kept_secrets(var)["secret_key"],
        "EMAIL_URL": f"smtp://{mail_bind}",
        "ALLOWED_HOSTS": f"{LOOPBACK},localhost",
        "PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        "HTTPS": "false",
        "VQFLOW_VAR": str(var),
        # A newcomer looks around with a password alone; in production these roles need a second factor.
        **({"BANNER": DEMO_BANNER, "REQUIRE_MFA_ROLES": ""} if demo else {}),
    }


def write_run_env(path: Path, settings: Mapping[str, str]) -> None:
    """For `set -a; . var/run.env`: what the running stack reads, its passwords included."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in sorted(settings.items()))


def prepare_database(env: Mapping[str, str], log: Path, *, owner_url: str) -> None:
    """Migrate as the owner of the database and give the application's role its rights. Raises CannotStart."""
    owner = {**env, "DATABASE_URL": owner_url, "APP_DATABASE_URL": env["DATABASE_URL"]}
    run(["python", "manage.py", "prepare"], owner, log)


@contextlib.contextmanager
def static_files_collected(env: Mapping[str, str], log: Path) -> Iterator[None]:
    """While the block runs, static files are collected and compressed, if they changed since the last time.

    Raises CannotStart at the end of the block.
    """
    folder = PROJECT / "staticfiles"
    folder.mkdir(exist_ok=True)
    stamp, state = folder / ".stamp", _static_state()
    # Two stacks of one checkout (a demonstration and the tests) share the folder: one collects at a time.
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == state:
            yield
            return
        collecting = spawn(["python", "manage.py", "collectstatic", "--no-input"], log=log, env=env)
        try:
            yield
        except BaseException:
            collecting.terminate()
            raise
        _finish(collecting, log)
        stamp.write_text(state)


def run(argv: Sequence[str], env: Mapping[str, str], log: Path) -> None:
    """Run a command to its end, with its output in `log`. Raises CannotStart when it fails."""
    _finish(spawn(argv, log=log, env=env), log)


def wait_until_healthy(web: subprocess.Popen, port: int, log: Path) -> None:
    """Return as soon as the web server says that it is well. Raises CannotStart."""
    until = time.monotonic() + HEALTHY_WITHIN_SECONDS
    while time.monotonic() < until and web.poll() is None:
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError),
            urllib.request.urlopen(f"http://{LOOPBACK}:{port}/healthz", timeout=5) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise CannotStart(f"The web server did not start; the reason is at the end of {log}.")


def _finish(process: subprocess.Popen, log: Path) -> None:
    try:
        code = process.wait()
    except BaseException:
        process.terminate()
        raise
    if code != 0:
        raise CannotStart(f"'{' '.join(process.args)}' failed; the reason is at the end of {log}.")


def _static_state() -> str:
    # Changes when a file in static/ or the set of installed packages does.
    files = [PROJECT / "requirements.lock", *sorted((PROJECT / "static").rglob("*"))]
    facts = [f"{file} {file.stat().st_mtime_ns} {file.stat().st_size}" for file in files if file.is_file()]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()
