"""Every read of a patient is permitted, kept to the own site and audited, or it does not happen."""

import uuid
from operator import attrgetter

import pytest

from scheduling.services import access
from tests import department
from vqflow.errors import NotAllowed, NotFound
from vqflow.models import AuditEvent, Role

pytestmark = pytest.mark.django_db

READS = ["patient", "order", "appointment", "step", "task"]


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def appointment(site):
    """Of a patient whom the desk has to phone."""
    return department.booked(site, of=department.patient(site, email_consent=False))


def key(kind, appointment):
    order = appointment.procedure.order
    return {
        "patient": order.patient_id,
        "order": order.pk,
        "appointment": appointment.pk,
        "step": appointment.steps.first().pk,
        "task": order.tasks.get(kind="phone").pk,
    }[kind]


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        ("patient", "patient.view"),
        ("order", "order.view"),
        ("appointment", "worklist.view"),
        ("step", "visit.perform"),
        ("task", "task.close"),
    ],
)
def test_a_read_writes_one_audit_row_that_names_the_patient(kind, action, site, appointment):
    by, pk = department.technologist(site), key(kind, appointment)
    before = AuditEvent.objects.count()
    found = getattr(access, kind)(pk, by=by)
    event = AuditEvent.objects.order_by("-pk").first()
    assert AuditEvent.objects.count() == before + 1
    assert (found.pk, event.subject_id) == (pk, str(pk))
    assert (event.action, event.agent_id, event.agent_role, event.site_code, event.patient_ids) == (
        action,
        str(by.pk),
        "technologist",
        "riverside",
        [appointment.procedure.order.patient_id],
    )


@pytest.mark.parametrize("kind", READS)
def test_a_read_for_an_action_is_audited_as_this_action(kind, site, appointment):
    access_to = getattr(access, kind)
    access_to(key(kind, appointment), by=department.technologist(site), action="appointment.no_show")
    assert AuditEvent.objects.order_by("-pk").first().action == "appointment.no_show"


@pytest.mark.parametrize("kind", READS)
def test_another_sites_record_is_not_found_and_reads_like_a_missing_one(kind, site, appointment):
    stranger = department.technologist(department.site("hillside", equipped=False))
    missing = uuid.uuid4() if kind == "appointment" else 987654321
    before = AuditEvent.objects.count()
    for by, pk in [(stranger, key(kind, appointment)), (department.technologist(site), missing)]:
        with pytest.raises(NotFound) as refusal:
            getattr(access, kind)(pk, by=by)
        assert refusal.value.sentence == "There is no such record at your site."
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("kind", READS)
def test_the_administrator_sees_no_patient(kind, site, appointment):
    administrator = department.user(Role.ADMINISTRATOR, site)
    with pytest.raises(NotAllowed) as refusal:
        getattr(access, kind)(key(kind, appointment), by=administrator)
    assert refusal.value.sentence == "Your role (system administrator) may not do this."


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("order", ["patient.name", "referrer.name", "site.code", "procedure.protocol.name"]),
        ("appointment", ["site.time_zone", "procedure.order.patient.name", "procedure.order.referrer.name"]),
        ("step", ["appointment.site.time_zone", "appointment.procedure.order.patient.name"]),
        ("task", ["order.patient.name", "order.site.time_zone"]),
    ],
)
def test_what_a_page_shows_of_it_comes_with_it(kind, shown, site, appointment, django_assert_num_queries):
    found = getattr(access, kind)(key(kind, appointment), by=department.technologist(site))
    with django_assert_num_queries(0):
        assert all(attrgetter(path)(found) for path in shown)


def test_a_list_is_one_audit_row_with_every_patient_once(site, appointment):
    by, shown = department.scheduler(site), appointment.procedure.order.patient_id
    access.listed("orders", [shown, shown], by=by, action="order.list", state="open")
    event = AuditEvent.objects.get(action="list.viewed")
    assert (event.patient_ids, event.data) == ([shown], {"list": "orders", "state": "open"})


def test_an_empty_list_leaves_no_audit_row(site):
    access.listed("orders", [], by=department.scheduler(site), action="order.list")
    assert not AuditEvent.objects.filter(action="list.viewed").exists()


def test_a_list_needs_its_permission_even_when_it_is_empty(site):
    with pytest.raises(NotAllowed):
        access.listed("orders", [], by=department.user(Role.ADMINISTRATOR, site), action="order.list")
