"""Patients of the journeys: each with a name and a number that occur nowhere else."""

import secrets
from dataclasses import dataclass

LETTERS = "abcdeghiklmnorstuw"
# Of every patient so far, what must never be in an address or a log.
private: set[str] = set()


@dataclass(frozen=True, slots=True)
class Invented:
    family_name: str
    given_name: str
    mrn: str
    email: str

    def as_fields(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in self.__slots__}


def invent() -> Invented:
    word = "".join(secrets.choice(LETTERS) for _ in range(7))
    number = f"J{secrets.randbelow(10**8):08d}"
    made = Invented(f"Quill{word}", f"Ol{word}", number, f"{word}@home.example")
    private.update(made.as_fields().values())
    return made
