"""A compiled query answers what the ORM answers, with everything that belongs to the row loaded."""

import pytest
from django.forms.models import model_to_dict

from scheduling.models import Order, Site
from tests import department
from vqflow.statements import Compiled

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
