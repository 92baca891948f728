"""The processes of VQFlow: one table of their commands, and how each is started and stopped.

The supervisor, docker-compose.yml and the tests against real services all start exactly these commands.
"""

import contextlib
import ctypes
import os
import pwd
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def commands(*, web_bind: str, mail_bind: str, var: str, dicom_bind: str = "") -> dict[str, list[str]]:
    """Argument lists by process name; those that end in `_bind` are HOST:PORT, `var` is a writable folder."""
    celery = ["celery", "--app=vqflow"]
    return {
        "migrate": ["python", "manage.py", "prepare"],
        "web": [
            "gunicorn",
            "vqflow.wsgi:application",
            f"--bind={web_bind}",
            "--worker-class=gthread",
            "--workers=2",
            "--threads=4",
            "--preload",  # the code is loaded once and shared: a faster start in less memory
            "--graceful-timeout=20",
            "--no-control-socket",
            # No access log: a query string can hold a name. The application logs the path only.
        ],
        "worker": [
            *celery,
            "worker",
            "--concurrency=2",
            "--loglevel=info",
            # One worker has nobody to gossip with; both only add traffic and a slower start.
            "--without-gossip",
            "--without-mingle",
        ],
        "beat": [*celery, "beat", "--loglevel=info", f"--schedule={var}/beat-schedule", "--pidfile="],
        # Does without Redis what beat asks the worker for.
        "dispatch": ["python", "manage.py", "dispatch", "--loop"],
        # Answers cameras: runs only where a department wants it.
        "dicom": ["python", "manage.py", "dicom", f"--bind={dicom_bind}"],
        "mail": ["python", "-m", "vqflow.mailbox", mail_bind, f"{var}/mail"],
    }


def demo_camera(dicom_bind: str) -> list[str]:
    """A simulated camera of one room, for the demonstration alone: the others are left to people."""
    return ["python", "manage.py", "camera", "CAMERA1", f"--at={dicom_bind}", "--minutes=2"]


def procfile() -> str:
    """The table as a Procfile: what runs all the time where a machine has its own databases and mail server."""
    table = commands(web_bind="127.0.0.1:8000", mail_bind="", dicom_bind="0.0.0.0:11112", var="var")
    lasting = ("web", "worker", "beat", "dispatch", "dicom")
    return "".join(f"{name}: {shlex.join(table[name])}\n" for name in lasting)


def environment(**settings: str) -> dict[str, str]:
    """The present environment with `settings`, and this interpreter's commands first on the PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", **settings}


def spawn(
    argv: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path = PROJECT,
    user: int | None = None,
    last_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen:
    """Start a process in its own group, its output appended to `log`; as root it can run as another `user`.

    The kernel sends it `last_signal` if this process dies without stopping it (Linux only).
    """
    # Output goes to a file, never a pipe: a server that inherits a pipe keeps its reader waiting.
    with log.open("ab") as output:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            # A Ctrl-C at the terminal reaches the supervisor only, which then stops each in its order.
            start_new_session=True,
            preexec_fn=_die_with_parent(last_signal),
            **dropped_to(user),
        )


def dropped_to(user: int | None) -> dict:
    """Arguments for subprocess that give up root for `user`; none when `user` is None."""
    return {} if user is None else {"user": user, "group": user_group(user), "extra_groups": []}


def user_group(user: int) -> int:
    """The primary group of `user`, by number."""
    return pwd.getpwuid(user).pw_gid


def stop(
    process: subprocess.Popen | None,
    *,
    with_signal: signal.Signals = signal.SIGTERM,
    grace_seconds: float = 25,
):
    """Ask the process to end and wait; after `grace_seconds` its whole group is killed."""
    if process is None:
        return
    if process.poll() is None:
        process.send_signal(with_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
    kill(process)


def kill(process: subprocess.Popen) -> None:
    """End the process and all its children at once, as a power cut would."""
    # macOS answers PermissionError for a group of which only the dead leader is left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _die_with_parent(last_signal: signal.Signals):
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG, linux/prctl.h
    return lambda: prctl(set_parent_death_signal, int(last_signal))
