"""Where the embedded servers keep their data, and as whom they run."""

import hashlib
import os
import pwd
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from vqflow.processes import dropped_to, user_group

# PostgreSQL refuses to run as root. Accounts that may stand in, the first that exists.
STAND_INS = ("vqflow", "postgres")


class CannotStart(Exception):
    """One sentence for the person at the terminal: what is wrong, and what to do next."""


@dataclass(frozen=True)
class Place:
    """A folder that `user` owns and can reach; `user` is None when this process is not root."""

    folder: Path
    user: int | None

    @classmethod
    def under(cls, folder: Path) -> "Place":
        """`folder`/servers; as root, where that is closed to the servers' account, a folder in /var/lib."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        inside = folder.resolve() / "servers"
        if os.geteuid() != 0:
            inside.mkdir(mode=0o700, exist_ok=True)
            return cls(inside, None)
        outside = Path("/var/lib") / f"vqflow-{hashlib.sha256(bytes(inside)).hexdigest()[:12]}"
        existing = next((path for path in (inside, outside) if path.exists()), None)
        if existing is not None:
            return cls(existing, existing.stat().st_uid)
        user = _stand_in()
        # Others may pass through this folder, not list it; what is secret in it has its own mode.
        folder.chmod(0o711)
        place = cls(inside if _can(user, "-x", folder) else outside, user)
        place.folder.mkdir(mode=0o700)
        os.chown(place.folder, user, user_group(user))
        return place

    def reachable(self, library: Path, *trees: str) -> Path:
        """`library`, or a copy of these trees of it when the servers' account cannot read them there."""
        if self.user is None or _can(self.user, "-x", library / trees[0]):
            return library
        # Named by its state, so that another version of the programs gets its own copy.
        package = Path(trees[0]).parts[0]
        copy = self.folder / f"{package}-{int((library / trees[0]).stat().st_mtime)}"
        if not copy.exists():
            part = copy.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            for tree in trees:
                shutil.copytree(library / tree, part / tree, symlinks=True)
            for folder in (part, *(folder for folder in part.rglob("*") if folder.is_dir())):
                folder.chmod(0o755)  # nothing secret in it, and root may have a strict umask
            part.rename(copy)
        return copy

    def write(self, name: str, text: str) -> Path:
        """A file that only the servers' account can read."""
        path = self.folder / name
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
        if self.user is not None:
            os.chown(path, self.user, user_group(self.user))
        return path

    def make(self, name: str) -> Path:
        """A folder that only the servers' account can enter."""
        path = self.folder / name
        path.mkdir(mode=0o700, exist_ok=True)
        if self.user is not None:
            os.chown(path, self.user, user_group(self.user))
        return path

    def port(self, name: str) -> int:
        """The port used last time if it is still free, else a new one."""
        file = self.folder / f"{name}.port"
        kept = int(file.read_text()) if file.exists() else 0
        port = kept if kept and port_is_free(kept) else free_port()
        file.write_text(str(port))
        return port

    def forget(self) -> None:
        """Delete everything in this place."""
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: connections of a server stopped a moment ago do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _stand_in() -> int:
    for name in STAND_INS:
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    made = shutil.which("useradd") and subprocess.run(
        [
            "useradd",
            "--system",
            "--no-create-home",
            "--user-group",
            "--shell=/usr/sbin/nologin",
            STAND_INS[0],
        ],
        check=False,
        capture_output=True,
    )
    if not made or made.returncode != 0:
        raise CannotStart(
            "PostgreSQL does not run as root and no account could be made for it. "
            "Start VQFlow as an ordinary user, or add a system user named 'vqflow'."
        )
    return pwd.getpwnam(STAND_INS[0]).pw_uid


def _can(user: int, right: str, path: Path) -> bool:
    # Asked of the kernel, as that user: modes of every folder above, access lists and mounts all count.
    return subprocess.run(["test", right, path], check=False, cwd="/", **dropped_to(user)).returncode == 0
