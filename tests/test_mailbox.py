import smtplib
import stat
import time
from email.message import EmailMessage

import pytest

from vqflow.embedded.place import free_port, port_is_free
from vqflow.mailbox import messages
from vqflow.processes import environment, spawn, stop


def test_a_message_sent_to_the_mailbox_is_kept_readable_for_its_owner_only(running_mailbox):
    port, folder = running_mailbox
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Hello", "a@clinic.example", "b@home.example"
    message.set_content("Grüße\n.\nnach dem Punkt\n")
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.send_message(message, to_addrs=["b@home.example", "c@home.example"])
    (kept,) = messages(folder)
    assert kept.get_all("X-Envelope-To") == ["b@home.example", "c@home.example"]
    assert kept.get_content() == "Grüße\n.\nnach dem Punkt\n"
    (file,) = folder.iterdir()
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(folder.stat().st_mode)) == (0o600, 0o700)


@pytest.fixture
def running_mailbox(tmp_path):
    port = free_port()
    process = spawn(
        ["python", "-m", "vqflow.mailbox", f"127.0.0.1:{port}", str(tmp_path / "mail")],
        log=tmp_path / "log",
        env=environment(),
    )
    until = time.monotonic() + 10
    while port_is_free(port):
        assert time.monotonic() < until, (tmp_path / "log").read_text()
        time.sleep(0.05)
    yield port, tmp_path / "mail"
    stop(process)
    assert process.returncode == 0, (tmp_path / "log").read_text()
