"""A local SMTP server that keeps what it receives: `python -m vqflow.mailbox HOST:PORT FOLDER`.

For the demonstration, the tests and docker-compose. It relays nothing.
"""

import asyncio
import os
import signal
import sys
import uuid
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST_MESSAGE_BYTES = 10 * 1024 * 1024


class Mailbox:
    """Stores every accepted message as one .eml file, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Reminders name patients: nobody else on this machine may list or read them.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}"
        part = self.folder / f"{name}.part"
        recipients = "".join(f"X-Envelope-To: {address}\r\n" for address in envelope.rcpt_tos)
        part.write_bytes(recipients.encode() + envelope.original_content)
        part.rename(self.folder / f"{name}.eml")
        return "250 Kept"


def messages(folder: Path) -> list[EmailMessage]:
    """What has been received so far, oldest first, with line ends as in text files."""
    parser = BytesParser(policy=default)
    received = (path.read_bytes() for path in sorted(folder.glob("*.eml")))
    return [parser.parsebytes(message.replace(b"\r\n", b"\n")) for message in received]


async def serve(host: str, port: int, folder: Path) -> None:
    """Receive until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    mailbox = Mailbox(folder)

    def conversation() -> SMTP:
        return SMTP(
            mailbox, data_size_limit=LARGEST_MESSAGE_BYTES, enable_SMTPUTF8=True, ident="VQFlow mailbox"
        )

    async with await loop.create_server(conversation, host, port):
        await ended.wait()


def main(arguments: list[str]) -> None:
    try:
        address, folder = arguments
        host, port = address.rsplit(":", 1)
    except ValueError:
        sys.exit("Usage: python -m vqflow.mailbox HOST:PORT FOLDER")
    os.umask(0o077)
    asyncio.run(serve(host, int(port), Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
