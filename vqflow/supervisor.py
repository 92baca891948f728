"""Keeps processes running: restarts the ones that die, stops all of them in reverse order."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from vqflow.embedded.place import CannotStart
from vqflow.processes import stop

LOOK_EVERY_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30
# One that ran this long was well: its next end counts as the first.
WELL_AFTER_SECONDS = 60


@dataclass
class Child:
    name: str
    start: Callable[[], subprocess.Popen]
    stop: Callable[[subprocess.Popen], None]
    started_at: float
    process: subprocess.Popen | None = None
    ends: int = 0
    start_again_at: float | None = None


@dataclass
class Supervisor:
    """`say` is called with one line for each thing a person should know; logs are kept in `logs`."""

    say: Callable[[str], None]
    logs: Path
    children: list[Child] = field(default_factory=list)

    def start(self, name: str, start: Callable[[], subprocess.Popen], *, stop=stop) -> None:
        """Start a process and keep it running from now on."""
        child = Child(name, start, stop, time.monotonic())
        # Known before it starts, so that a Ctrl-C in the middle of a long start stops it too.
        self.children.append(child)
        child.process = start()

    def process(self, name: str) -> subprocess.Popen:
        """The present process of that name."""
        return next(child.process for child in self.children if child.name == name)

    def forever(self) -> None:
        """Watch until an exception (a signal's) ends it."""
        while True:
            self.look(time.monotonic())
            time.sleep(LOOK_EVERY_SECONDS)

    def look(self, now: float) -> None:
        """Notice who has ended, and start those again whose pause is over; `now` is monotonic, in seconds."""
        for child in self.children:
            if child.start_again_at is not None:
                if now >= child.start_again_at:
                    self._start_again(child, now)
            elif child.process is not None and child.process.poll() is not None:
                self._pause(child, now, f"ended ({_ending(child.process.returncode)})")

    def stop(self) -> None:
        """Stop every process, the last started first."""
        while self.children:
            child = self.children.pop()
            child.stop(child.process)

    def _start_again(self, child: Child, now: float) -> None:
        try:
            child.process = child.start()
        except (CannotStart, OSError) as error:
            self._pause(child, now, f"could not start: {error}")
        else:
            child.started_at, child.start_again_at = now, None

    def _pause(self, child: Child, now: float, what: str) -> None:
        child.ends = 1 if now - child.started_at > WELL_AFTER_SECONDS else child.ends + 1
        pause = min(2 ** (child.ends - 1), LONGEST_PAUSE_SECONDS)
        child.start_again_at = now + pause
        self.say(f"{child.name} {what}; starting it again in {pause} s. Its log is in {self.logs}.")


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
