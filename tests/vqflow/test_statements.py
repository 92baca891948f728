"""A compiled query answers what the ORM answers, with everything that belongs to the row loaded."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.forms.models import model_to_dict
from django.utils import timezone

from scheduling.models import Order, Resource, Shift, Site
from tests import department
from tests.department import NOW
from vqflow.models import AuditEvent
from vqflow.statements import Compiled, insert

pytestmark = pytest.mark.django_db

ORDER = Compiled(
    lambda site, pk: Order.objects.filter(site__code=site, pk=pk).with_people(), site="a site", pk=-7
)


def test_the_row_comes_with_what_belongs_to_it(django_assert_num_queries):
    order = department.order(department.site())
    ORDER.first(site="riverside", pk=order.pk)
    with django_assert_num_queries(1):
        found = ORDER.first(site="riverside", pk=order.pk)
        belongs = [
            found,
            found.patient,
            found.site,
            found.referrer,
            found.procedure,
            found.procedure.protocol,
        ]
    expected = Order.objects.with_people().get(pk=order.pk)
    same = [
        expected,
        expected.patient,
        expected.site,
        expected.referrer,
        expected.procedure,
        expected.procedure.protocol,
    ]
    assert list(map(model_to_dict, belongs)) == list(map(model_to_dict, same))
    assert found.ordered_at == expected.ordered_at
    assert not found._state.adding


def test_the_next_call_has_its_own_values():
    site, other = department.site(), department.site("hillside")
    first, second = department.order(site), department.order(other)
    assert ORDER.first(site="riverside", pk=first.pk) == first
    assert ORDER.first(site="hillside", pk=second.pk) == second
    assert ORDER.first(site="hillside", pk=first.pk) is None


@pytest.mark.parametrize("pk", [2**63, -(10**30), "no number"])
def test_a_key_that_cannot_be_one_finds_nothing_or_is_refused_as_by_the_orm(pk):
    if isinstance(pk, str):
        with pytest.raises(ValueError, match="expected a number"):
            ORDER.first(site="riverside", pk=pk)
    else:
        assert ORDER.first(site="riverside", pk=pk) is None


def test_a_query_with_values_of_its_own_cannot_be_compiled():
    department.site()
    with pytest.raises(ValueError, match="compiled query"):
        Compiled(lambda code: Site.objects.filter(code=code, country="US"), code="a site").first(
            code="riverside"
        )


def test_values_that_never_change_are_named_once_and_annotations_come_along():
    for code, zone in (("a site", "Europe/Oslo"), ("b site", "Europe/Paris"), ("c site", "Europe/Paris")):
        Site.objects.filter(pk=department.site(code, equipped=False).pk).update(time_zone=zone)
    compiled = Compiled(
        lambda code: (
            Site.objects.filter(time_zone="Europe/Paris").exclude(code=code).annotate(again=F("code"))
        ),
        fixed=("Europe/Paris",),
        code="a site",
    )
    assert [(each.code, each.again) for each in compiled.all(code="b site")] == [("c site", "c site")]
    assert [each.again for each in compiled.all(code="c site")] == ["b site"]


class TestInsert:
    def test_rows_are_written_as_the_orm_writes_them_and_get_their_keys(self):
        site = department.site()
        kinds = [["xray", "gamma_camera_spect"], []]
        made = insert(
            [Resource(site=site, kind="room", name=f"{n}", capabilities=each) for n, each in enumerate(kinds)]
        )
        assert [
            row.capabilities
            for row in Resource.objects.filter(pk__in=[row.pk for row in made]).order_by("pk")
        ] == kinds
        made[0].name = "renamed"
        made[0].save()
        assert Resource.objects.get(pk=made[0].pk).name == "renamed"

    def test_json_spans_and_defaults_of_the_database_are_kept(self):
        site = department.site()
        [event] = insert([AuditEvent(action="test", data={"a": [1, "é"]}, patient_ids=[3])])
        kept = AuditEvent.objects.get(pk=event.pk)
        assert (kept.data, kept.patient_ids, kept.agent_name) == ({"a": [1, "é"]}, [3], "")
        assert abs(kept.recorded_at - timezone.now()) < timedelta(minutes=1)
        person, span = (
            Resource.objects.get(name="Ana Ruiz"),
            (NOW - timedelta(days=9), NOW - timedelta(days=8)),
        )
        [shift] = insert([Shift(resource=person, span=span)])
        found = Shift.objects.get(pk=shift.pk)
        assert (found.span.lower, found.span.upper) == span
        assert site.pk == person.site_id

    def test_what_is_there_already_is_left_as_it_is(self):
        site = department.site()
        twin = Resource(site=site, kind="room", name="Camera 1", capabilities=["xray"])
        other = Resource(site=site, kind="room", name="Camera 9", capabilities=["xray"])
        insert([twin, other], ignore_conflicts=True)
        assert Resource.objects.filter(name="Camera 1", capabilities=["xray"]).count() == 0
        assert Resource.objects.filter(name="Camera 9").count() == 1
        with pytest.raises(IntegrityError), transaction.atomic():
            insert([twin])

    def test_no_rows_are_no_query(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert insert([]) == []


def test_an_order_that_the_query_asks_for_is_kept():
    sites = [department.site(code, equipped=False) for code in ("b site", "c site", "a site")]
    compiled = Compiled(
        lambda zone: Site.objects.filter(time_zone=zone).order_by("-code"), zone="a zone of its own"
    )
    found = compiled.all(zone=sites[0].time_zone)
    assert [each.code for each in found] == ["c site", "b site", "a site"]
