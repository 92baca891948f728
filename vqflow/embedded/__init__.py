"""PostgreSQL and Valkey for one checkout, from wheels: demonstration and tests, never production."""

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from vqflow.embedded.place import CannotStart, Place
from vqflow.embedded.postgres import APP_ROLE, DATABASE, OWNER_ROLE, Postgres
from vqflow.embedded.valkey import Valkey

__all__ = ["CannotStart", "Servers", "kept_secrets"]


@dataclass
class Servers:
    """Both servers of one folder; `start()` brings up what is not running, `stop()` ends them."""

    folder: Path
    postgres: Postgres
    valkey: Valkey
    secret_key: str

    @classmethod
    def of(cls, folder: Path, *, durable: bool = True, use_wheels: bool = True) -> "Servers":
        """The servers whose data, passwords and ports are kept in `folder`.

        `durable=False` gives up safety against a power cut for speed; `use_wheels=False` takes the
        PostgreSQL and Redis or Valkey of this machine. Raises CannotStart with a sentence for the user.
        """
        place = Place.under(folder)
        passwords = kept_secrets(folder)
        return cls(
            folder=folder,
            postgres=Postgres.found(
                place, passwords["owner"], app_password=passwords["app"], durable=durable, wheel=use_wheels
            ),
            valkey=Valkey.found(place, passwords["valkey"], durable=durable, wheel=use_wheels),
            secret_key=passwords["secret_key"],
        )

    def start(self) -> None:
        self.postgres.start()
        try:
            self.valkey.start()
        except BaseException:
            self.postgres.stop()
            raise

    def stop(self) -> None:
        self.valkey.stop()
        self.postgres.stop()

    def forget(self) -> None:
        """Delete data, passwords and ports. The servers must be stopped."""
        self.postgres.place.forget()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def environment(self) -> dict[str, str]:
        """DATABASE_URL is the application's restricted role; OWNER_DATABASE_URL may change the schema."""
        return {
            "DATABASE_URL": self.postgres.url(APP_ROLE, DATABASE),
            "OWNER_DATABASE_URL": self.postgres.url(OWNER_ROLE, DATABASE),
            "REDIS_URL": self.valkey.url,
        }


def kept_secrets(folder: Path) -> dict[str, str]:
    """The passwords of this folder's servers and the application's secret key, made at the first call."""
    path = folder / "secrets.json"
    if not path.exists():
        made = {name: secrets.token_urlsafe(32) for name in ("owner", "app", "valkey", "secret_key")}
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            json.dump(made, file)
    return json.loads(path.read_text())
