import pytest
from tests import test_policy_walk as walk
from tests.test_policy_walk import _clock, here, there, test_another_sites_object_is_not_found_by_those_who_may, test_every_role_gets_what_the_table_says, test_nobody_is_sent_to_sign_in_or_answered_401  # noqa

MINE = ("vetting", "ask", "questions", "consult", "vq-or-ctpa", "comparison", "orders/waiting")


@pytest.fixture(autouse=True)
def _mine(monkeypatch):
    monkeypatch.setattr(walk, "OURS", [a for a in walk.OURS if any(m in a.route for m in MINE)])
    print(len(walk.OURS))
