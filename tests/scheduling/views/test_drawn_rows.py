"""What is kept of a list is not shown once it is no longer so: after each change it equals one drawn from nothing."""

import random
import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from scheduling import kept_examinations, list_version, worklist
from scheduling.models import (
    Appointment,
    ChestXray,
    DoseClaim,
    HandOver,
    Order,
    Patient,
    Problem,
    Release,
    RequestedProcedure,
    Reservation,
    Resource,
    Site,
    StepKind,
    TracerBatch,
    WorkedOn,
)
from scheduling.models.querysets import rows_of
from scheduling.related_rows import RELATIONS
from scheduling.services import problems, visits, working
from scheduling.services.examination import arrivals, endings, xrays
from scheduling.services.quality import spills
from scheduling.views import drawn_rows, list_drawing
from tests import department, doses
from tests.department import NOW, TODAY
from vqflow.errors import DomainError
from vqflow.models import User

pytestmark = pytest.mark.django_db
ROWS = "/worklist/rows/?day=2027-03-08"
VIEWS = ("", "&state=mine", "&state=problems&order=room")
KEPT = (kept_examinations._kept, drawn_rows._kept, list_drawing._kept)
TOKEN = re.compile(r'name="(csrfmiddlewaretoken|request_id)" value="[^"]*"')


@pytest.fixture(autouse=True)
def _nothing_kept():
    list_drawing.forget()


@contextmanager
def from_nothing():
    """Inside, nothing is kept; afterwards everything is as it was before."""
    before = [dict(each) for each in KEPT]
    for each in KEPT:
        each.clear()
    yield
    for each, was in zip(KEPT, before, strict=True):
        each.clear()
        each.update(was)


def shown(client, query):
    return TOKEN.sub("", client.get(f"{ROWS}{query}").content.decode())


def is_current(clients):
    """Whether each of them is shown in every view what they would be shown if nothing were kept."""
    for client in clients:
        for view in VIEWS:
            kept = shown(client, view)
            with from_nothing():
                assert kept == shown(client, view)
    return True


def signed_in(*users):
    clients = [Client() for _ in users]
    for client, user in zip(clients, users, strict=True):
        client.force_login(user)
    return clients


class Day:
    """A day with three patients on which anything may happen."""

    def __init__(self, site, by, other, dice):
        self.site, self.by, self.other, self.dice, self.now = site, by, other, dice, NOW
        for _ in range(3):
            department.booked(doses.recorded(site))
        self.batch = doses.batch(site)
        self.room = Resource.objects.filter(site=site, kind="room").order_by("pk").first()

    @property
    def one(self):
        return self.dice.choice(Appointment.objects.order_by("pk").exclude(state="cancelled"))

    def step(self, state):
        return self.one.steps.filter(state=state).exclude(kind=StepKind.XRAY).order_by("ordinal").first()

    def go(self, what):
        """Whether it was possible, or why not."""
        try:
            with transaction.atomic():
                getattr(self, what)()
        except (DomainError, AttributeError, IndexError) as refusal:
            return repr(refusal)
        return True

    def check_in(self):
        arrivals.check_in(self.one, **department.HERE, by=self.by, now=self.now)

    def undo_check_in(self):
        arrivals.undo_check_in(self.one, by=self.by, now=self.now)

    def xray(self):
        ended_at = self.now - timedelta(minutes=self.dice.choice([30, 90, 300]))
        xrays.record(self.one, ended_at=ended_at, by=self.by, now=self.now)

    def clear_dose(self):
        visits.clear_dose(self.one, by=self.by, now=self.now)

    def measure(self):
        doses.measured(self.step("scheduled"), self.batch, by=self.by, now=self.now)

    def start(self):
        visits.start(self.step("scheduled"), by=self.by, now=self.now)

    def end(self):
        visits.end(self.step("in_progress"), by=self.by, now=self.now)

    def undo(self):
        visits.undo(self.step("in_progress") or self.step("completed"), by=self.by, now=self.now)

    def leave(self):
        endings.patient_left(self.one, reason="Went home", by=self.by, now=self.now)

    def miss(self):
        visits.no_show(self.one, by=self.by, now=self.now)

    def report(self):
        reason = self.dice.choice(["no_iv", "late"])
        problems.report(self.one, reason=reason, by=self.by, now=self.now)

    def close(self):
        problems.close(self.dice.choice(Problem.objects.filter(closed_at=None)), by=self.by, now=self.now)

    def press(self):
        working.press(self.one, by=self.dice.choice([self.by, self.other]), now=self.now)

    def still_here(self):
        working.still_here(self.one, by=self.other, now=self.now)

    def spill(self):
        spills.report(self.room, by=self.by, now=self.now, clear_minutes=30)

    def other_name(self):
        Patient.objects.filter(pk=self.one.procedure.order.patient_id).update(
            family_name=f"Name{self.dice.random()}"
        )

    def other_ward(self):
        Order.objects.filter(pk=self.one.procedure.order_id).update(ward=f"{self.dice.randrange(99)} North")

    def other_note(self):
        RequestedProcedure.objects.filter(pk=self.one.procedure_id).update(
            protocol_note=f"{self.dice.random()}"
        )

    def other_room(self):
        for each in Resource.objects.filter(site=self.site).exclude(kind="patient"):
            Resource.objects.filter(pk=each.pk).update(name=f"Room {each.pk} {self.dice.randrange(99)}")

    def other_user(self):
        User.objects.filter(pk=self.other.pk).update(first_name=f"Dinh{self.dice.randrange(99)}")

    def other_rules(self):
        Site.objects.update(xray_longest=timedelta(hours=self.dice.choice([12, 24])))

    def other_batch(self):
        TracerBatch.objects.update(expires_at=self.now + timedelta(minutes=self.dice.choice([5, 45, 300])))

    def to_its_scan(self):
        self.now = self.one.lungs_start_at

    def an_hour_later(self):
        self.now += timedelta(hours=1)

    def late(self):
        self.now += timedelta(minutes=self.dice.choice([1, 7, 35, 120]))


HAPPENS = [each for each in vars(Day) if not each.startswith("_") and each not in ("one", "step", "go")]


@pytest.mark.parametrize("seed", range(2))
def test_after_anything_has_happened_the_kept_rows_are_those_of_a_list_drawn_from_nothing(
    site, technologist, attending, at, seed
):
    other = department.technologist(site, username="dinh", first_name="Dinh")
    dice = random.Random(seed)
    day, clients = Day(site, technologist, other, dice), signed_in(technologist, other, attending)
    assert is_current(clients)
    happened = set()
    while len(happened) < 12:
        # The usual way through the day, and in between what may happen at any time.
        what = dice.choice([*HAPPENS, "check_in", "xray", "clear_dose", "measure", "start", "end", "late"])
        if day.go(what) is True:
            happened.add(what)
            at(day.now)
            assert is_current(clients), what


class First:
    """Chance that always falls on the first."""

    choice = staticmethod(lambda among: next(iter(among)))
    random, randrange = random.Random(0).random, random.Random(0).randrange


WAYS = {
    "through": "to_its_scan check_in undo_check_in check_in xray an_hour_later clear_dose start end undo end measure "
    "start late end",
    "around": "other_name other_ward other_note other_room other_user other_rules press still_here report close spill "
    "other_batch",
    "missed": "to_its_scan late miss",
    "left": "to_its_scan check_in leave",
}


@pytest.mark.parametrize("way", WAYS)
def test_every_change_on_the_way_of_a_patient_is_shown_at_once(site, technologist, attending, at, way):
    other = department.technologist(site, username="dinh", first_name="Dinh")
    day, clients = Day(site, technologist, other, First), signed_in(technologist, attending)
    assert is_current(clients)
    for what in WAYS[way].split():
        assert day.go(what) is True, what
        at(day.now)
        assert is_current(clients), what


def test_every_kind_of_change_is_on_a_way():
    assert set(" ".join(WAYS.values()).split()) == set(HAPPENS)


@pytest.fixture
def examined(site, technologist, at):
    """A patient of whom every table holds a row that a list reads, and another."""
    department.booked(site)
    done = department.performed(site)
    doses.on_record(done, by=technologist)
    appointment = Appointment.objects.get(procedure__order=done)
    batch, step = TracerBatch.objects.get(), appointment.steps.get(kind=StepKind.PERFUSION)
    DoseClaim.objects.create(
        batch=batch, step=step, kind=step.kind, needed_at=NOW, activity_mbq=1, reference_mbq=1
    )
    by = {"appointment": appointment, "opened_at": NOW, "opened_by": technologist}
    Problem.objects.create(reason="late", due_at=NOW, **by)
    now = {"decided_at": NOW, "physician": technologist, "recorded_by": technologist}
    Release.objects.create(appointment=appointment, outcome="wait", **now)
    HandOver.objects.create(appointment=appointment, handed_at=NOW, handed_by=technologist)
    xray = appointment.steps.get(kind=StepKind.XRAY)
    ChestXray.objects.create(step=xray, recorded_at=NOW, recorded_by=technologist)
    WorkedOn.objects.create(appointment=appointment, user=technologist, since=NOW, seen_at=NOW)
    return appointment


def behind(appointment):
    """Every row that a list reads of an examination."""
    read = worklist.examinations().get(pk=appointment.pk)
    order, steps = read.procedure.order, rows_of(read, "steps")
    yield from (read, read.site, read.procedure, read.procedure.protocol, order, order.patient, *steps)
    for relation in RELATIONS:
        for parent in {Appointment: [read], Order: [order]}.get(relation.parent, steps):
            found = getattr(parent, relation.accessor)
            yield from found.all() if hasattr(found, "all") else [found]


def test_each_row_behind_an_examination_changes_its_stamp_and_no_column_can_be_forgotten(examined, site):
    rows = list(behind(examined))
    batches = [each.batch for each in rows if isinstance(each, DoseClaim)]
    resources = [each.resource for each in rows if isinstance(each, Reservation)]
    assert {type(each) for each in rows} >= {each.model for each in RELATIONS}
    for row in (*rows, *batches, *resources):
        before = list_version.seen(site, TODAY, NOW)
        type(row).objects.filter(pk=row.pk).update(**{type(row)._meta.pk.attname: row.pk})
        after = list_version.seen(site, TODAY, NOW)
        assert before.stamps[examined.pk] != after.stamps[examined.pk], row
        # Only that a page is still open is no news for those who look at the list.
        assert (before.version == after.version) == isinstance(row, WorkedOn), row


def test_a_row_of_another_patient_leaves_the_stamp_and_the_examination_as_they_were(
    examined, site, technologist
):
    rows = worklist.day(site, TODAY, by=technologist, now=NOW)
    before, stamps = (
        {each.appointment.pk: each.appointment for each in rows},
        list_version.seen(site, TODAY, NOW).stamps,
    )
    Order.objects.filter(pk=examined.procedure.order_id).update(ward="5 North")
    after = {each.appointment.pk: each for each in worklist.day(site, TODAY, by=technologist, now=NOW)}
    [other] = before.keys() - {examined.pk}
    assert after[other].appointment is before[other]
    assert list_version.seen(site, TODAY, NOW).stamps[other] == stamps[other]
    assert after[examined.pk].appointment is not before[examined.pk]
    assert after[examined.pk].order.ward == "5 North"


def test_what_a_transaction_takes_back_is_not_kept(site, technologist, at):
    made, [client] = department.booked(site), signed_in(technologist)
    assert is_current([client])
    with transaction.atomic():
        Order.objects.filter(pk=made.procedure.order_id).update(ward="5 North")
        assert "5 North" in shown(client, "")
        transaction.set_rollback(True)
    assert "5 North" not in shown(client, "")
    assert is_current([client])


def test_two_changes_in_one_transaction_are_two(site, technologist, at):
    made, [client] = department.booked(site), signed_in(technologist)
    for ward in ("5 North", "6 South"):
        Order.objects.filter(pk=made.procedure.order_id).update(ward=ward)
        assert ward in shown(client, "")


def test_rows_of_another_site_are_nobodys(site, elsewhere, at):
    department.booked(site)
    stranger = department.technologist(elsewhere)
    assert worklist.day(site, TODAY, by=stranger, now=NOW) == []


def test_memory_is_bounded_and_what_has_no_place_in_it_is_drawn_all_the_same(
    site, technologist, at, monkeypatch
):
    for _ in range(3):
        department.booked(site)
    monkeypatch.setattr(kept_examinations, "MOST", 2)
    monkeypatch.setattr(drawn_rows, "MOST", 1)
    [client] = signed_in(technologist)
    for ward in ("5 North", "6 South"):
        Order.objects.update(ward=ward)
        assert shown(client, "").count(f"{ward}</span>") == 3
        assert (len(kept_examinations._kept), len(drawn_rows._kept)) == (2, 1)


@pytest.mark.parametrize("count", [1, 3])
def test_a_change_costs_as_many_queries_however_many_rows(site, technologist, at, count):
    made = [department.booked(site) for _ in range(count)]
    [client] = signed_in(technologist)
    shown(client, "")
    Order.objects.filter(pk=made[0].procedure.order_id).update(ward="5 North")
    with CaptureQueriesContext(connection) as seen:
        page = client.get(ROWS)
    assert b"5 North" in page.content
    assert len(seen) == 11


def test_postgresql_keeps_its_plans_of_a_days_statements(site, technologist, at):
    department.booked(site)
    for _ in range(12):
        kept_examinations.forget()
        worklist.day(site, TODAY, by=technologist, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement FROM pg_prepared_statements WHERE generic_plans = 0 AND custom_plans > 5"
        )
        assert cursor.fetchall() == []
