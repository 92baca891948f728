"""Rows that were read together with their parents are as if the parent's own manager had read them."""

import pytest

from scheduling import worklist
from scheduling.models import Appointment, StepKind
from scheduling.models.querysets import rows_of
from tests import department

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def both(site):
    """Two examinations read together: each must keep to its own rows."""
    made = [department.booked(site) for _ in range(2)]
    found = {each.pk: each for each in worklist.examinations()}
    return [found[each.pk] for each in made]


def test_all_rows_are_there_without_a_query(both, django_assert_num_queries):
    with django_assert_num_queries(0):
        kinds = [[step.kind for step in each.steps.all()] for each in both]
        counts = [(each.steps.count(), each.steps.exists(), len(each.steps.all())) for each in both]
        answers = [{row.order_id for row in each.procedure.order.answers.all()} for each in both]
    assert kinds == [["xray", "ventilation", "perfusion"]] * 2
    assert counts == [(3, True, 3)] * 2
    assert answers == [{each.procedure.order.pk} for each in both]


def test_whoever_filters_further_gets_rows_of_this_parent_alone(both):
    first, second = both
    own = [step.pk for step in first.steps.all()]
    assert sorted(first.steps.values_list("pk", flat=True)) == sorted(own)
    assert [step.pk for step in first.steps.exclude(kind="none").order_by("ordinal")] == own
    assert first.steps.filter(kind=StepKind.XRAY).get().appointment_id == first.pk
    assert first.steps.filter(kind=StepKind.XRAY).count() == 1
    assert not first.steps.filter(pk=second.steps.first().pk).exists()
    assert first.steps.all().filter(kind=StepKind.XRAY).count() == 1
    assert second.steps.first().appointment is second
    assert first.steps.filter(kind=StepKind.XRAY)[0].appointment is first


def test_a_change_through_the_parent_changes_rows_of_this_parent_alone(both):
    first, second = both
    assert first.steps.update(modality="CT") == 3
    assert set(Appointment.objects.get(pk=second.pk).steps.values_list("modality", flat=True)) != {"CT"}


def test_rows_of_is_what_the_manager_gives(both):
    read, plain = both[0], Appointment.objects.get(pk=both[0].pk)
    assert list(rows_of(read, "steps")) == list(read.steps.all()) == list(rows_of(plain, "steps"))
    assert list(rows_of(read, "problems")) == []


def test_what_is_read_anew_is_read_from_the_database(both):
    first = both[0]
    Appointment.objects.get(pk=first.pk).steps.filter(kind=StepKind.XRAY).update(modality="CT")
    first.refresh_from_db()
    assert first.steps.get(kind=StepKind.XRAY).modality == "CT"
    assert {step.modality for step in first.steps.all()} > {"CT"}


def test_rows_are_what_the_orm_reads(both):
    """Every column of every row that came as JSON, with its type."""
    for parent in [both[0], both[0].procedure.order, *both[0].steps.all()]:
        known = parent._prefetched_objects_cache
        for accessor in list(known):
            for row in parent._prefetched_objects_cache[accessor]:
                again = type(row)._base_manager.get(pk=row.pk)
                for field in row._meta.concrete_fields:
                    mine, theirs = getattr(row, field.attname), getattr(again, field.attname)
                    assert (mine, type(mine)) == (theirs, type(theirs)), field
                assert not row._state.adding
