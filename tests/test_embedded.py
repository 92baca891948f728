import json
import os
import socket
import stat
import tempfile
from pathlib import Path

import psycopg
import pytest

from vqflow.embedded import CannotStart, Servers
from vqflow.embedded.place import free_port, port_is_free
from vqflow.embedded.postgres import DATABASE, OWNER_ROLE


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    servers = Servers.of(tmp_path_factory.mktemp("embedded"), durable=False)
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()
        servers.forget()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def connect(servers, **changes):
    where = {"host": "127.0.0.1", "port": servers.postgres.port, "user": OWNER_ROLE, "dbname": DATABASE}
    return psycopg.connect(**{**where, "password": servers.postgres.owner_password, **changes})


def ask_valkey(servers, *commands: str) -> bytes:
    with socket.create_connection(("127.0.0.1", servers.valkey.port), timeout=5) as connection:
        connection.sendall("".join(f"{command}\r\n" for command in commands).encode())
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(4096), b""))


def test_a_wrong_password_is_refused(servers):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(servers, password="guessed")


def test_nobody_comes_in_without_a_password(servers, monkeypatch):
    monkeypatch.delenv("PGPASSWORD", raising=False)
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        connect(servers, password="")


def test_the_socket_asks_for_a_password_too(servers, monkeypatch):
    monkeypatch.delenv("PGPASSWORD", raising=False)
    sockets = servers.postgres.place.folder / "sockets"
    assert list(sockets.glob(".s.PGSQL.*")), "the socket is where this test looks"
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        connect(servers, host=str(sockets), password="")


def test_no_rule_of_the_cluster_trusts_anybody(servers):
    with connect(servers) as connection:
        methods = connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
    assert methods == [("scram-sha-256",)]


def test_the_database_is_utf8_and_belongs_to_the_owner(servers):
    with connect(servers) as connection:
        assert connection.execute(
            "SELECT pg_encoding_to_char(encoding), pg_get_userbyid(datdba) "
            "FROM pg_database WHERE datname = %s",
            [DATABASE],
        ).fetchone() == ("UTF8", OWNER_ROLE)


def test_only_the_servers_account_can_enter_data_and_sockets(servers):
    place = servers.postgres.place.folder
    assert [mode(place / name) for name in ("postgres", "sockets", "valkey")] == [0o700] * 3
    assert mode(place / "valkey.conf") == 0o600


def test_passwords_are_kept_readable_for_their_owner_only(servers):
    path = servers.folder / "secrets.json"
    assert mode(path) == 0o600
    assert len(set(json.loads(path.read_text()).values())) == 4


def test_passwords_are_not_in_the_list_of_processes(servers):
    for process in (servers.postgres.process, servers.valkey.process):
        arguments = Path(f"/proc/{process.pid}/cmdline").read_text()
        for password in json.loads((servers.folder / "secrets.json").read_text()).values():
            assert password not in arguments


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
def test_the_servers_do_not_run_as_root(servers):
    for process in (servers.postgres.process, servers.valkey.process):
        assert Path(f"/proc/{process.pid}").stat().st_uid != 0


def test_valkey_refuses_commands_without_the_password(servers):
    assert ask_valkey(servers, "PING", "AUTH wrong").startswith(b"-NOAUTH")


def test_valkey_never_evicts(servers):
    answer = ask_valkey(servers, f"AUTH {servers.valkey.password}", "CONFIG GET maxmemory-policy")
    assert b"noeviction" in answer


def test_data_and_ports_are_the_same_after_a_restart(tmp_path):
    servers = Servers.of(tmp_path)
    try:
        servers.start()
        before = servers.environment
        with psycopg.connect(before["OWNER_DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        assert ask_valkey(servers, f"AUTH {servers.valkey.password}", "SET kept 7") == b"+OK\r\n+OK\r\n"
        servers.postgres.kill()
        servers.valkey.kill()
        servers = Servers.of(tmp_path)
        servers.start()
        assert servers.environment == before
        with psycopg.connect(before["OWNER_DATABASE_URL"]) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
        assert ask_valkey(servers, f"AUTH {servers.valkey.password}", "GET kept").endswith(b"7\r\n")
    finally:
        servers.stop()
        servers.forget()


def test_a_server_left_behind_by_a_killed_supervisor_is_replaced(tmp_path):
    abandoned = Servers.of(tmp_path, durable=False)
    abandoned.postgres.start()
    servers = Servers.of(tmp_path, durable=False)
    try:
        servers.postgres.start()
        assert abandoned.postgres.process.poll() is not None
        with psycopg.connect(servers.environment["OWNER_DATABASE_URL"]) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        abandoned.postgres.stop()
        servers.stop()
        servers.forget()


def test_data_of_another_major_version_are_refused_in_words(tmp_path):
    servers = Servers.of(tmp_path, durable=False)
    data = servers.postgres.place.make("postgres")
    (data / "PG_VERSION").write_text("14\n")
    with pytest.raises(CannotStart, match=r"are of PostgreSQL 14, but this is PostgreSQL \d+\. Dump them"):
        servers.start()
    servers.forget()


def test_a_path_too_long_for_a_socket_still_works():
    folder = Path(tempfile.mkdtemp(prefix="long" * 25))
    folder.chmod(0o711)
    servers = Servers.of(folder / "var", durable=False)
    try:
        servers.postgres.start()
        with psycopg.connect(servers.environment["OWNER_DATABASE_URL"]) as connection:
            assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)
    finally:
        servers.stop()
        servers.forget()
        folder.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps folders closed to the servers' account")
def test_as_root_in_a_closed_folder_the_data_lie_where_the_account_can_reach_them(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    servers = Servers.of(closed / "var", durable=False)
    place = servers.postgres.place.folder
    try:
        assert place.parent == Path("/var/lib")
        servers.postgres.start()
        assert Servers.of(closed / "var").postgres.place.folder == place
    finally:
        servers.stop()
        servers.forget()
    assert not place.exists()


def test_a_taken_port_is_not_free():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert not port_is_free(listener.getsockname()[1])
    assert port_is_free(free_port())
