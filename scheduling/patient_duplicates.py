"""Who may be the same person as somebody about to be registered. Reads only."""

from dataclasses import dataclass, fields
from datetime import date

from django.db.models import F, FloatField, Func, Q

from scheduling.models import Patient
from scheduling.patient_search import Plain

MOST = 10
# Of whole names, in any order of their parts: "Moreno, Pat" and "Pat, Moreno" are 1, "Moreno, Patricia" is 0.6.
LIKE_NAME = 0.55
# Without the same birthday only the same phone or address speaks for it, and families share both.
LIKE_NAME_WITH_CONTACT = 0.3


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of somebody who is to be registered."""

    family_name: str
    given_name: str = ""
    middle_name: str = ""
    born_on: date | None = None
    phone: str = ""
    email: str = ""

    @property
    def name(self):
        return f"{self.family_name} {self.given_name} {self.middle_name}"


KNOWN = tuple(each.name for each in fields(Person))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patient with the reasons why this may be the same person, as words for the screen."""

    patient: Patient
    reasons: list[str]


def candidates(person, *, site, besides=()):
    """At most MOST Candidates at this site, the likest first; `besides` are ids that are not asked for."""
    # Somebody brought in without papers has no birthday yet: their name alone speaks for it.
    born = Q(born_on__isnull=True)
    if person.born_on:
        born |= Q(born_on=person.born_on)
    contact = _contact(person)
    alike = Func(Plain(person.name), F("search_name"), function="similarity", output_field=FloatField())
    found = (
        Patient.objects.filter(site=site)
        .live()
        .exclude(pk__in=list(besides))
        .filter(born | contact)
        .annotate(alike=alike)
        .filter(born & Q(alike__gte=LIKE_NAME) | contact & Q(alike__gte=LIKE_NAME_WITH_CONTACT))
        .order_by("-alike", "pk")
    )
    return [Candidate(each, _reasons(each, person)) for each in found[:MOST]]


def _contact(person):
    which = Q(pk__in=[])
    if person.phone:
        which |= Q(phone=person.phone)
    if person.email:
        # The second says to PostgreSQL what the first implies: the index has those with an address only.
        which |= Q(email__iexact=person.email) & ~Q(email="")
    return which


def _reasons(patient, person):
    same_name = _same(patient.family_name, person.family_name) and _same(
        patient.given_name, person.given_name
    )
    swapped = _same(patient.family_name, person.given_name) and _same(patient.given_name, person.family_name)
    facts = [
        ("same name", same_name),
        ("given name and surname the other way round", swapped and not same_name),
        ("similar name", not same_name and not swapped and patient.alike >= LIKE_NAME_WITH_CONTACT),
        ("same date of birth", person.born_on is not None and patient.born_on == person.born_on),
        ("not identified yet", patient.is_temporary),
        ("same phone", bool(person.phone) and patient.phone == person.phone),
        ("same e-mail", bool(person.email) and patient.email.casefold() == person.email.casefold()),
    ]
    return [words for words, holds in facts if holds]


def _same(one, other):
    return one.casefold().strip() == other.casefold().strip()
