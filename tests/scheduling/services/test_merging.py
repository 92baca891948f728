"""Two records of one person become one, and somebody unknown gets a name: one test per exit."""

from datetime import date, timedelta
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction

from scheduling import patient_search
from scheduling.models import (
    Appointment,
    BodyMeasurement,
    FormerNumber,
    Order,
    Patient,
    Reservation,
    Resource,
    Task,
)
from scheduling.services import booking, intake
from scheduling.services.patients import identifying, merging
from tests import department
from tests.department import NOW
from tests.scheduling.services.test_race import at_once
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent


@pytest.fixture
def lead(site):
    return department.lead(site)


@pytest.fixture
def scheduler(site):
    return department.scheduler(site)


@pytest.fixture
def two(site, scheduler):
    """A record with an order, and another one of the same person."""
    keep = department.patient(site, by=scheduler, mrn="K1", family_name="Moreno", given_name="Pat", phone="")
    other = department.patient(
        site, by=scheduler, mrn="D2", family_name="Pat", given_name="Moreno", phone="+1 212 555 0133"
    )
    return keep, other


def temporary(site, by, name="Moreno, Pat"):
    order = intake.place_stat_order(
        site=site,
        name=name,
        sex="unknown",
        clinical_question="PE?",
        referrer=department.referrer(site),
        ward="ED",
        by=by,
        now=NOW,
    )
    return order.patient


def merge(keep, other, lead, **fields):
    return merging.merge(keep, other, by=lead, now=NOW, **fields)


pytestmark = pytest.mark.django_db


def test_everything_of_the_other_record_moves_and_its_number_stays_findable(site, scheduler, lead, two):
    keep, other = two
    appointment = department.booked(site, by=scheduler, of=other)
    BodyMeasurement.objects.create(
        patient=other, measured_on=department.TODAY, weight_kg=70, recorded_by=scheduler
    )
    time = other.resource_id
    merge(keep, other, lead)
    other.refresh_from_db()
    order = Order.objects.get()
    assert (order.patient, keep.measurements.count()) == (keep, 1)
    assert Reservation.objects.filter(resource=keep.resource, step__appointment=appointment).exists()
    assert order.messages.exists()
    assert (other.merged_into, other.merged_at, other.merged_by, other.resource) == (keep, NOW, lead, None)
    assert not Resource.objects.filter(pk=time).exists()
    assert patient_search.find("D2", by=scheduler) == [keep]
    assert patient_search.find("K1", by=scheduler) == [keep]
    assert patient_search.find("moreno pat", by=scheduler) == [keep]


def test_a_merge_leaves_one_audit_row_with_both_records(site, scheduler, lead, two):
    keep, other = two
    order = department.order(site, by=scheduler, of=other, vetted=False)
    merge(keep, other, lead, take=["phone"])
    event = AuditEvent.objects.get(action="patient.merged")
    assert (event.patient_ids, event.subject_id) == ([keep.pk, other.pk], str(keep.pk))
    assert event.data == {"record": other.pk, "values": ["phone"], "orders": [order.pk]}


def test_only_the_chosen_values_come_from_the_other_record(lead, two):
    keep, other = two
    merge(keep, other, lead, take=["phone"])
    keep.refresh_from_db()
    assert (keep.phone, keep.family_name, keep.mrn) == ("+1 212 555 0133", "Moreno", "K1")


def test_what_cannot_be_chosen_is_refused(lead, two):
    with pytest.raises(Invalid):
        merge(*two, lead, take=["mrn"])


def test_a_real_record_never_loses_its_date_of_birth(site, scheduler, lead, two):
    unknown = temporary(site, scheduler)
    with pytest.raises(Invalid):
        merge(two[0], unknown, lead, take=["born_on"])
    assert Order.objects.get().patient == unknown


def test_the_lead_alone_merges(scheduler, two):
    with pytest.raises(NotAllowed):
        merge(*two, scheduler)


def test_records_that_are_booked_at_the_same_time_are_not_merged(site, scheduler, lead, two):
    for each in two:
        department.booked(site, by=scheduler, of=each)
    with pytest.raises(Conflict) as refusal:
        merge(*two, lead)
    assert refusal.value.sentence.startswith("Both records have an appointment at the same time: 8 Mar 2027,")
    assert refusal.value.sentence.endswith("Move or cancel one of them first.")
    assert Patient.objects.filter(merged_into__isnull=False).count() == 0


def test_appointments_at_other_times_live_on_side_by_side(site, scheduler, lead, two):
    keep, other = two
    department.booked(site, by=scheduler, of=keep)
    department.booked(site, by=scheduler, of=other, first_day=department.TODAY + timedelta(days=1))
    merge(keep, other, lead)
    assert Appointment.objects.filter(procedure__order__patient=keep).count() == 2


def test_a_temporary_record_is_never_the_one_that_stays(site, scheduler, lead, two):
    keep, _ = two
    unknown = temporary(site, scheduler)
    with pytest.raises(Conflict) as refusal:
        merge(unknown, keep, lead)
    assert refusal.value.sentence.startswith("Keep the record with the real number")
    merge(keep, unknown, lead)
    assert Order.objects.get().patient == keep
    assert patient_search.find(unknown.mrn, by=scheduler) == [keep]


def test_a_record_is_merged_once_and_takes_earlier_merges_along(site, scheduler, lead, two):
    keep, other = two
    third = department.patient(site, by=scheduler, mrn="T3")
    merge(keep, other, lead)
    with pytest.raises(Conflict) as refusal:
        merge(third, other, lead)
    assert refusal.value.sentence == merging.MERGED_ALREADY
    merge(third, keep, lead)
    assert set(Patient.objects.filter(merged_into=third).values_list("pk", flat=True)) == {keep.pk, other.pk}
    assert set(third.former_numbers.values_list("mrn", flat=True)) == {"K1", "D2"}


def test_what_was_changed_since_the_comparison_is_compared_again(lead, two):
    keep, other = two
    seen = merging.fingerprint(keep, other)
    Patient.objects.filter(pk=other.pk).update(phone="+1 212 555 0199")
    with pytest.raises(Conflict) as refusal:
        merge(keep, other, lead, seen=seen)
    assert refusal.value.sentence == merging.SINCE_CHANGED


def test_a_merged_record_takes_no_orders_by_the_service_or_past_it(site, scheduler, lead, two):
    keep, other = two
    order = department.order(site, by=scheduler, of=keep, vetted=False)
    merge(keep, other, lead)
    with pytest.raises(Conflict) as refusal:
        department.order(site, by=scheduler, of=other)  # as it was read before the merge
    assert refusal.value.sentence == intake.WAS_MERGED
    for statement in (
        f"UPDATE scheduling_order SET patient_id = {other.pk} WHERE id = {order.pk}",
        f"UPDATE scheduling_patient SET merged_into_id = {other.pk}, merged_at = now(), "
        f"merged_by_id = {lead.pk}, resource_id = NULL WHERE id = {keep.pk}",
        f"INSERT INTO scheduling_bodymeasurement (patient_id, measured_on, weight_kg, recorded_by_id) "
        f"VALUES ({other.pk}, now(), 70, {lead.pk})",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_record_with_orders_left_is_not_marked_as_merged(site, scheduler, lead, two):
    keep, other = two
    department.order(site, by=scheduler, of=other, vetted=False)
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        Patient.objects.filter(pk=other.pk).update(
            merged_into=keep, merged_at=NOW, merged_by=lead, resource=None
        )
    assert refusal.value.__cause__.diag.constraint_name == "patient_merged_with_all_it_has"


def test_the_number_of_a_merged_record_is_given_to_nobody_else(site, scheduler, lead, two):
    merge(*two, lead)
    with pytest.raises(Invalid):
        department.patient(site, by=scheduler, mrn="D2")


def identity(**changed):
    return {
        "mrn": "R77",
        "mrn_issuer": "riverside",
        "family_name": "Moreno",
        "given_name": "Patricia",
        "born_on": date(1960, 5, 17),
        "sex": "male",
        **changed,
    }


def test_somebody_unknown_is_identified_in_place(site, scheduler):
    unknown = temporary(site, scheduler, name="")
    number = unknown.mrn
    assert Task.objects.filter(about="pregnancy", closed_at=None).exists()
    identifying.identify(unknown, by=scheduler, now=NOW, **identity())
    known = Patient.objects.get()
    assert (known.mrn, known.is_temporary, known.name) == ("R77", False, "Moreno, Patricia")
    assert FormerNumber.objects.get().mrn == number
    assert patient_search.find(number, by=scheduler) == [known]
    # A man is not asked whether he is pregnant.
    assert not Task.objects.filter(about="pregnancy", closed_at=None).exists()
    assert AuditEvent.objects.filter(action="patient.identified", patient_ids=[known.pk]).exists()


def test_whose_number_has_a_record_already_is_merged_not_identified(site, scheduler, two):
    unknown = temporary(site, scheduler)
    with pytest.raises(intake.PossibleDuplicates) as refusal:
        identifying.identify(unknown, by=scheduler, now=NOW, **identity(mrn="K1"))
    assert refusal.value.extra["candidates"] == [two[0].pk]
    unknown.refresh_from_db()
    assert unknown.is_temporary


def test_who_looks_like_somebody_is_identified_after_a_look(site, scheduler, two):
    unknown = temporary(site, scheduler)
    with pytest.raises(intake.PossibleDuplicates) as refusal:
        identifying.identify(unknown, by=scheduler, now=NOW, **identity(given_name="Pat"))
    alike = refusal.value.extra["candidates"]
    assert set(alike) == {each.pk for each in two}
    identifying.identify(
        unknown, by=scheduler, now=NOW, confirmed_different=alike, **identity(given_name="Pat")
    )
    event = AuditEvent.objects.get(action="patient.identified")
    assert event.data == {"different_from": sorted(alike)}


def test_nobody_is_identified_twice(site, scheduler, two):
    with pytest.raises(Conflict):
        identifying.identify(two[0], by=scheduler, now=NOW, **identity())


@pytest.mark.django_db(transaction=True)
def test_a_booking_and_an_order_that_race_a_merge_end_up_with_the_record_that_stays(
    site, scheduler, lead, two
):
    keep, other = two
    order = department.order(site, by=scheduler, of=other)
    best = department.proposal(order, by=scheduler)
    request = intake.Request(
        referrer=order.referrer, priority="routine", patient_class="O", clinical_question="PE?"
    )
    outcomes = at_once(
        [
            partial(merge, keep, other, lead),
            partial(booking.book, order, starts=best.starts, by=scheduler, now=NOW),
            partial(intake.place_order, other, request, by=scheduler, now=NOW),
        ],
        "done",
    )
    allowed = {"done", intake.WAS_MERGED, merging.BUSY}
    assert set(outcomes) <= allowed, outcomes
    other.refresh_from_db()
    if other.merged_into_id:
        assert not Order.objects.filter(patient=other).exists()
        assert not Reservation.objects.filter(resource=other.resource_id).exists()
        patients = Reservation.objects.filter(resource__kind="patient").values_list("resource", flat=True)
        assert set(patients) <= {keep.resource_id}


@pytest.mark.django_db(transaction=True)
def test_two_clerks_who_register_one_person_at_once_make_one_record(site, scheduler):
    fields = {**identity(), "site": site, "by": scheduler, "now": NOW}
    outcomes = at_once(
        [partial(intake.register_patient, **{**fields, "mrn": f"N{at}"}) for at in range(4)], "done"
    )
    assert sorted(outcomes) == sorted(["done", *[intake.SAME_PERSON] * 3])
    assert Patient.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_sites_that_write_down_one_number_at_once_make_one_record(site, scheduler):
    hillside = department.site("hillside", equipped=False)
    elsewhere = department.scheduler(hillside, username="hillside-scheduler")
    unknown, unknown_there = temporary(site, scheduler), temporary(hillside, elsewhere)
    outcomes = at_once(
        [
            partial(identifying.identify, unknown, by=scheduler, now=NOW, **identity()),
            partial(identifying.identify, unknown_there, by=elsewhere, now=NOW, **identity()),
        ],
        "done",
    )
    taken = {
        f"{identity()['mrn_issuer']} has given this number to another patient. Search for it instead.",
        "This number has a record already. The lead merges the temporary record into it.",
    }
    assert "done" in outcomes
    assert len(set(outcomes) & taken) == 1, outcomes


@pytest.mark.django_db(transaction=True)
def test_a_merge_and_an_identification_of_one_patient_never_wait_for_each_other(site, scheduler, lead, two):
    for number in range(4):
        unknown = temporary(site, scheduler)
        outcomes = at_once(
            [
                partial(merge, two[0], unknown, lead),
                partial(
                    identifying.identify,
                    unknown,
                    by=scheduler,
                    now=NOW,
                    **identity(mrn=f"R{number}", family_name=f"Name{number}"),
                ),
            ],
            "done",
        )
        assert "done" in outcomes
        assert set(outcomes) <= {"done", merging.MERGED_ALREADY, merging.BUSY}, outcomes
