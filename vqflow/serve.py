"""The supervisor: starts the whole of VQFlow on one machine and stops it again.

It starts servers and processes and never reads the settings; those read the environment it sets.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  (the sentence is for exactly those who have an older one)
    sys.exit(
        f"VQFlow needs Python 3.11 or newer; this is Python {sys.version_info[0]}.{sys.version_info[1]}."
    )

import argparse
import contextlib
import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from vqflow.embedded import CannotStart, Servers
from vqflow.embedded.place import free_port, port_is_free
from vqflow.processes import PROJECT, commands, demo_camera, environment, spawn
from vqflow.stack import (
    LOOPBACK,
    loopback_environment,
    prepare_database,
    run,
    static_files_collected,
    wait_until_healthy,
    write_run_env,
)
from vqflow.supervisor import Supervisor

DICOM_PORT = 11112  # IANA: dicom


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m vqflow.serve", description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--demo", action="store_true", help="load the demonstration department first")
    parser.add_argument("--reset", action="store_true", help="delete the data of this checkout and end")
    arguments = parser.parse_args()
    var = Path(os.environ.get("VQFLOW_VAR", PROJECT / "var")).resolve()
    # SIGINT too: a shell that starts us in the background has it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        if arguments.reset:
            reset(var)
        else:
            serve(var, arguments.port, demo=arguments.demo)
    except CannotStart as refusal:
        sys.exit(str(refusal))
    except KeyboardInterrupt:
        say("Stopped.")


def serve(var: Path, port: int, *, demo: bool) -> None:
    """Run until a signal comes. Raises CannotStart with a sentence for the user."""
    logs = var / "log"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    with only_one(var), contextlib.ExitStack() as stopping:
        if not 0 < port < 65536:
            raise CannotStart(f"{port} is no port. Choose one from 1024 to 65535, for example PORT=8000.")
        if not port_is_free(port):
            raise CannotStart(f"Port {port} is taken. Choose another, for example PORT={port + 1}.")
        supervisor = Supervisor(say, logs)
        stopping.callback(supervisor.stop)
        stopping.callback(stop_undisturbed)
        addresses = start_servers(var, supervisor)
        mail_bind = f"{LOOPBACK}:{free_port()}"
        env, owner_url = read_by_processes(var, addresses, port=port, mail_bind=mail_bind, demo=demo)
        make_ready(env, logs, owner_url=owner_url, demo=demo)
        start_processes(supervisor, env, var=var, port=port, mail_bind=mail_bind, demo=demo)
        supervisor.forever()


def read_by_processes(
    var: Path, addresses: dict[str, str], *, port: int, mail_bind: str, demo: bool
) -> tuple[dict[str, str], str]:
    """The environment of the processes, also written to run.env; and the database's address as its owner."""
    settings = loopback_environment(var, port=port, mail_bind=mail_bind, demo=demo) | addresses
    given = {*settings, "DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL"} & os.environ.keys()
    settings |= {name: os.environ[name] for name in given}
    write_run_env(var / "run.env", settings)
    owner_url = settings.pop("OWNER_DATABASE_URL", settings["DATABASE_URL"])
    dicom_bind = os.environ.get("DICOM_BIND") or f"{LOOPBACK}:{usual_or_free(DICOM_PORT)}"
    return environment(**settings, DICOM_BIND=dicom_bind), owner_url


def start_processes(
    supervisor: Supervisor, env: dict[str, str], *, var: Path, port: int, mail_bind: str, demo: bool
) -> None:
    """Start all of them and say where they are."""
    logs, dicom_bind = var / "log", env["DICOM_BIND"]
    table = commands(web_bind=f"{LOOPBACK}:{port}", mail_bind=mail_bind, var=str(var), dicom_bind=dicom_bind)
    table["camera"] = demo_camera(dicom_bind)
    start = {name: partial(spawn, table[name], log=logs / f"{name}.log", env=env) for name in table}
    keeps_mail = "EMAIL_URL" not in os.environ
    if keeps_mail:
        supervisor.start("mail", start["mail"])
    supervisor.start("web", start["web"])
    logins = asked_logins(env) if demo else None
    # A person waits for the pages first; the others would only compete with them for the processor.
    wait_until_healthy(supervisor.process("web"), port, logs / "web.log")
    for name in ("worker", "beat", "dispatch", "dicom"):
        supervisor.start(name, start[name])
    mail = var / "mail" if keeps_mail else None
    announce(env["PUBLIC_URL"], logins, mail=mail, logs=logs, dicom=dicom_bind)
    if demo:
        supervisor.start("camera", start["camera"])
        say("Camera 1 is simulated: it examines for two minutes each whoever lies under it, or is ready.")


def make_ready(env: dict[str, str], logs: Path, *, owner_url: str, demo: bool) -> None:
    say("Preparing the database ...")
    log = logs / "prepare.log"
    with static_files_collected(env, log):
        prepare_database(env, log, owner_url=owner_url)
    if demo:
        say("Loading the demonstration department ...")
        # The owner may fill the tables before they have their indexes, which takes half as long.
        run(["python", "manage.py", "load_demo"], env | {"DATABASE_URL": owner_url}, log)


def reset(var: Path) -> None:
    """Delete all data of this checkout's embedded servers, with their passwords. Raises CannotStart."""
    if var.exists():
        with only_one(var):
            servers = Servers.of(var)
            servers.stop()
            servers.forget()
    say(f"Emptied {var}.")


@contextlib.contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Hold the lock of this data folder. Raises CannotStart when another supervisor has it."""
    with (var / "serve.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStart(
                f"VQFlow already runs over {var} (process {lock.read().strip()}). Stop that one first."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def start_servers(var: Path, supervisor: Supervisor) -> dict[str, str]:
    """Start the embedded servers that the environment does not name; their addresses."""
    wanted = {name for name in ("DATABASE_URL", "REDIS_URL") if name not in os.environ}
    if not wanted:
        return {}
    servers = Servers.of(var)
    say(f"PostgreSQL and Valkey keep their data in {servers.postgres.place.folder}")
    if "DATABASE_URL" in wanted:
        supervisor.start("postgres", servers.postgres.start, stop=lambda process: servers.postgres.stop())
    if "REDIS_URL" in wanted:
        supervisor.start("valkey", servers.valkey.start, stop=lambda process: servers.valkey.stop())
    addresses = servers.environment
    if "DATABASE_URL" in wanted:
        wanted.add("OWNER_DATABASE_URL")
    return {name: addresses[name] for name in wanted}


def asked_logins(env: dict[str, str]) -> subprocess.Popen:
    """The table of logins, being written while the web server starts."""
    command = ["python", "manage.py", "load_demo", "--logins"]
    return subprocess.Popen(
        command, env=env, cwd=PROJECT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def usual_or_free(port: int) -> int:
    """The port that everybody expects, or another where that is taken."""
    return port if port_is_free(port) else free_port()


def announce(
    address: str, logins: subprocess.Popen | None, *, mail: Path | None, logs: Path, dicom: str
) -> None:
    say(f"\nVQFlow is running at {address}\n")
    if logins is not None:
        say(logins.communicate()[0])
    if mail is not None:
        say(f"Mail it sends is kept in {mail}")
    say(f"Cameras that are entered under Department, Devices find their worklist at {dicom}")
    say(f"Logs are in {logs}. Ctrl-C stops everything.")


def stop_undisturbed() -> None:
    say("Stopping ...")
    # A second Ctrl-C must not leave half of the processes running.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
