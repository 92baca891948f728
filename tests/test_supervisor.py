import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request

import psutil
import pytest

from tests.servers import TEST_SETTINGS
from vqflow.embedded import CannotStart
from vqflow.embedded.place import free_port
from vqflow.processes import PROJECT, environment, spawn, stop
from vqflow.supervisor import Supervisor

SERVERS_OF_THE_TESTS = {*TEST_SETTINGS, "DATABASE_URL", "APP_DATABASE_URL", "REDIS_URL"}


def newcomer(var):
    """The environment of someone who has set nothing."""
    return {
        name: value
        for name, value in environment(VQFLOW_VAR=str(var)).items()
        if name not in SERVERS_OF_THE_TESTS
    }


def serve(var, *arguments):
    command = [sys.executable, "-m", "vqflow.serve", *arguments]
    return subprocess.run(
        command, env=newcomer(var), cwd=PROJECT, check=False, capture_output=True, text=True, timeout=60
    )


def assert_one_sentence(done, pattern):
    assert done.returncode == 1
    assert re.fullmatch(pattern, done.stderr.strip()), done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_taken_port_is_refused_in_words(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        done = serve(tmp_path / "var", "--port", str(port))
    assert_one_sentence(done, rf"Port {port} is taken\. Choose another, for example PORT={port + 1}\.")
    assert not (tmp_path / "var" / "servers").exists(), "nothing was started for it"


def test_an_older_python_is_refused_in_words():
    pretend = (
        "import sys, runpy; sys.version_info = (3, 9, 2); "
        "runpy.run_module('vqflow.serve', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", pretend], cwd=PROJECT, check=False, capture_output=True, text=True
    )
    assert_one_sentence(done, r"VQFlow needs Python 3\.11 or newer; this is Python 3\.9\.")


def test_make_refuses_an_older_python_in_words(tmp_path):
    (tmp_path / "Makefile").write_text((PROJECT / "Makefile").read_text())
    (tmp_path / "requirements-uv.lock").write_text("")
    older = tmp_path / "python3.9"
    older.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c "
        '"import sys; sys.version_info = (3, 9, 2); exec(sys.argv[1])" "$2"\n'
    )
    older.chmod(0o755)
    done = subprocess.run(
        ["make", "demo", f"PYTHON={older}"], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert f"VQFlow needs Python 3.11 or newer; {older} is Python 3.9." in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A supervisor over an empty folder: its process, address and folder."""
    var, port = tmp_path_factory.mktemp("supervised") / "var", free_port()
    said = var.parent / "said"
    command = [sys.executable, "-m", "vqflow.serve", "--port", str(port)]
    process = spawn(command, log=said, env=newcomer(var))
    try:
        wait_for(lambda: "is running at" in said.read_text() or process.poll() is not None, seconds=100)
        assert process.poll() is None, said.read_text()
        yield process, f"http://127.0.0.1:{port}", var, said
    finally:
        stop(process, grace_seconds=60)
        serve(var, "--reset")


def wait_for(condition, *, seconds):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.1)


def descendants(process, part=""):
    found = psutil.Process(process.pid).children(recursive=True)
    return [child for child in found if part in command_line(child)]


def command_line(process):
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return "(ended)"


def test_everything_runs_after_one_command(running):
    process, address, _var, _said = running
    with urllib.request.urlopen(f"{address}/healthz", timeout=10) as answer:
        assert answer.status == 200
    for part in ("gunicorn", "worker", "beat", "dispatch", "vqflow.mailbox", "postgres", "valkey"):
        assert descendants(process, part), part


def test_a_second_start_over_the_same_data_is_refused_in_words(running):
    process, _address, var, _said = running
    done = serve(var, "--port", str(free_port()))
    assert_one_sentence(
        done, rf"VQFlow already runs over .*/var \(process {process.pid}\)\. Stop that one first\."
    )


def test_the_environment_of_the_stack_can_be_used_by_hand(running):
    _process, _address, var, _said = running
    assert stat.S_IMODE((var / "run.env").stat().st_mode) == 0o600
    done = subprocess.run(
        ["sh", "-c", f"set -a; . {var}/run.env; python manage.py migrate --check"],
        env=newcomer(var),
        cwd=PROJECT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_no_process_of_the_application_knows_the_owners_password(running):
    process, _address, _var, _said = running
    for part in ("gunicorn", "worker", "beat", "dispatch"):
        for child in descendants(process, part):
            assert "vqflow_owner" not in str(child.environ())


@pytest.mark.parametrize("part", ["vqflow.mailbox", "valkey-server"])
def test_a_process_that_dies_is_started_again(running, part):
    process, _address, _var, said = running
    (killed,) = descendants(process, part)
    killed.kill()
    wait_for(lambda: any(child.pid != killed.pid for child in descendants(process, part)), seconds=30)
    assert "ended (signal 9); starting it again in 1 s." in said.read_text()


def test_a_signal_stops_every_process(running):
    process, address, _var, said = running
    family = descendants(process)
    assert len(family) > 8
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert [child.pid for child in family if child.is_running()] == []
    assert said.read_text().endswith("Stopping ...\nStopped.\n")
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{address}/healthz", timeout=2)


def test_processes_end_with_a_supervisor_that_is_killed(tmp_path):
    program = (
        "import pathlib, time; from vqflow.processes import spawn; "
        f"print(spawn(['sleep', '60'], log=pathlib.Path('{tmp_path}/log')).pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    orphan = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    wait_for(lambda: not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE, seconds=5)


def test_the_pause_before_each_new_start_doubles_up_to_half_a_minute(tmp_path):
    said = []
    supervisor = Supervisor(said.append, tmp_path)
    supervisor.start("loser", lambda: spawn(["false"], log=tmp_path / "log"))
    now = time.monotonic()
    for _ in range(7):
        supervisor.process("loser").wait()
        supervisor.look(now)
        now += 31
        supervisor.look(now)
    supervisor.stop()
    assert [int(re.search(r"again in (\d+) s", line).group(1)) for line in said] == [1, 2, 4, 8, 16, 30, 30]


def test_a_start_that_fails_is_tried_again(tmp_path):
    said, starts = [], iter([spawn(["false"], log=tmp_path / "log"), CannotStart("no room"), None])

    def start():
        outcome = next(starts)
        if isinstance(outcome, CannotStart):
            raise outcome
        return outcome or spawn(["sleep", "60"], log=tmp_path / "log")

    supervisor = Supervisor(said.append, tmp_path)
    supervisor.start("late", start)
    supervisor.process("late").wait()
    now = time.monotonic()
    for seconds in (0, 2, 5):
        supervisor.look(now + seconds)
    assert supervisor.process("late").poll() is None
    supervisor.stop()
    assert [line.split(";")[0] for line in said] == [
        "late ended (exit code 1)",
        "late could not start: no room",
    ]


def test_a_process_that_ignores_the_request_to_end_is_killed_with_its_children(tmp_path):
    stubborn = spawn(["sh", "-c", "trap '' TERM; sleep 60 & echo $!; wait; sleep 60"], log=tmp_path / "log")
    wait_for(lambda: (tmp_path / "log").read_text().strip(), seconds=5)
    grandchild = int((tmp_path / "log").read_text())
    stop(stubborn, grace_seconds=0.3)
    assert stubborn.returncode == -signal.SIGKILL
    wait_for(lambda: not psutil.pid_exists(grandchild) or ended(grandchild), seconds=5)


def ended(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
