"""Who works on an examination, for programs."""

from tests import department
from tests.callers import Caller


def test_an_examination_is_taken_over(db):
    site = department.site()
    appointment = department.booked(site)
    ana, ben = (Caller(department.technologist(site, username=name)) for name in ("ana", "ben"))
    address = f"appointments/{appointment.pk}/working"
    assert ana.get(address) == (200, {"user": None, "name": None, "since": None})
    status, body = ana.post(address)
    assert (status, body["user"]) == (200, "ana")
    assert ben.post(address)[1]["user"] == "ben"
    assert ana.get(address)[1]["user"] == "ben"


def test_a_physician_does_not_take_over(db):
    site = department.site()
    appointment = department.booked(site)
    assert Caller(department.attending(site)).post(f"appointments/{appointment.pk}/working")[0] == 403
