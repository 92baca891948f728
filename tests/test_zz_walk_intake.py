from tests import test_policy_walk as walk
from tests.test_policy_walk import _clock, here  # noqa: F401

MINE = [a for a in walk.OURS if a.route.startswith(("patients/", "orders/new", "orders/stat", "referrers/", "api/v1/patients", "api/v1/referrers", "api/v1/indications", "api/v1/orders/stat"))]


def test_mine(here):  # noqa: F811
    faults = []
    for role, user in here.users.items():
        client = walk.signed_in(user)
        for address in MINE:
            for method, action in address.actions.items():
                faults += walk._faults(client, user, role, method, action, address, here)
    assert len(MINE) > 20
    assert faults == [], "\n".join(faults)
