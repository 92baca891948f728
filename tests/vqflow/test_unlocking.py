"""PIN and badge: they open one's own locked session, and nothing else."""

import threading

import pytest
from django.db import connection
from django.test import Client

from tests import department
from vqflow import unlocking
from vqflow.errors import Conflict, Invalid, NotAllowed, NotFound
from vqflow.models import AuditEvent, Role, User

PASSWORD, PIN, BADGE = "a long enough secret", "582617", "0004418223"


@pytest.fixture
def locked(page_of, tess):
    client = page_of(tess)
    client.get("/worklist/")
    client.post("/lock/")
    return client


def typed(client, text):
    return client.post("/unlock/", {"password": text, "next": "/worklist/"})


class TestOpening:
    def test_the_persons_pin_opens_it_and_the_audit_says_how(self, locked, tess):
        unlocking.set_pin(tess, pin=PIN, by=tess)
        assert typed(locked, PIN).status_code == 302
        assert locked.get("/worklist/").status_code == 200
        assert AuditEvent.objects.get(action="account.unlocked").data == {"way": "PIN"}

    def test_the_persons_badge_opens_it(self, locked, tess):
        unlocking.enrol_badge(tess, code=BADGE, by=tess)
        assert typed(locked, f" {BADGE}\n").status_code == 302
        assert AuditEvent.objects.get(action="account.unlocked").data == {"way": "badge"}

    def test_a_badge_outlives_a_new_secret_key(self, locked, tess, settings):
        unlocking.enrol_badge(tess, code=BADGE, by=tess)
        old = settings.SECRET_KEY
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [old]
        assert unlocking.opened_by(tess, BADGE) == "badge"

    def test_somebody_elses_pin_and_badge_do_not_open_it(self, locked, tess, site):
        other = department.technologist(site)
        unlocking.set_pin(other, pin=PIN, by=other)
        unlocking.enrol_badge(other, code=BADGE, by=other)
        assert [typed(locked, each).status_code for each in (PIN, BADGE)] == [422, 422]

    def test_a_removed_pin_opens_nothing(self, locked, tess):
        unlocking.set_pin(tess, pin=PIN, by=tess)
        unlocking.remove_pin(tess, by=tess)
        assert typed(locked, PIN).status_code == 422

    def test_nobody_signs_in_with_a_pin(self, tess):
        unlocking.set_pin(tess, pin=PIN, by=tess)
        client = Client()
        client.post("/account/login/", {"login": "tess", "password": PIN})
        assert "_auth_user_id" not in client.session

    def test_the_fifth_wrong_pin_ends_the_session_and_is_audited(self, locked, tess):
        unlocking.set_pin(tess, pin=PIN, by=tess)
        answers = [typed(locked, f"99999{n}") for n in range(5)]
        assert [each.status_code for each in answers] == [422] * 5
        assert "Five wrong tries: you are signed out." in answers[-1].content.decode()
        assert typed(locked, PIN)["Location"].startswith("/account/login/")
        assert AuditEvent.objects.filter(action="account.unlock_failed").count() == 1

    def test_the_password_opens_and_lets_the_pin_count_again(self, locked, tess):
        unlocking.set_pin(tess, pin=PIN, by=tess)
        type(tess).objects.filter(pk=tess.pk).update(wrong_pins=5)
        assert typed(locked, PIN).status_code == 422
        assert typed(locked, PASSWORD).status_code == 302
        tess.refresh_from_db()
        assert tess.wrong_pins == 0

    def test_the_sentence_names_what_this_person_may_use(self, locked, tess):
        unlocking.set_pin(tess, pin=PIN, by=tess)
        unlocking.enrol_badge(tess, code=BADGE, by=tess)
        assert "This is not your password, PIN or badge." in typed(locked, "1").content.decode()


@pytest.mark.django_db(transaction=True)
def test_wrong_tries_at_the_same_moment_count_one_by_one():
    tess = department.technologist(department.site(equipped=False))
    client = Client()
    client.force_login(tess)
    client.get("/worklist/")
    client.post("/lock/")
    session = client.session
    counts = []

    def guess():
        counts.append(unlocking.count_wrong(session))
        connection.close()

    guesses = [threading.Thread(target=guess) for _ in range(6)]
    for each in guesses:
        each.start()
    for each in guesses:
        each.join()
    assert sorted(counts) == [1, 2, 3, 4, 5, 6]


@pytest.mark.django_db(transaction=True)
def test_of_parallel_tries_as_second_person_no_more_than_five_are_looked_at():
    tess = department.technologist(department.site(equipped=False))
    unlocking.set_pin(tess, pin=PIN, by=tess)
    barrier, said = threading.Barrier(8), []

    def guess(typed):
        barrier.wait()
        said.append(unlocking.why_not_second(tess, typed) or "opened")
        connection.close()

    tries = [threading.Thread(target=guess, args=[f"99{number}999"]) for number in range(8)]
    for each in tries:
        each.start()
    for each in tries:
        each.join()
    assert sum(each.startswith("This is not") for each in said) == 4
    assert sum(each.startswith("Five wrong tries") for each in said) == 4
    tess.refresh_from_db()
    assert (tess.wrong_pins, unlocking.opened_by(tess, PIN)) == (5, "")
    assert AuditEvent.objects.filter(action="account.second_person_locked").count() == 1


class TestSetting:
    @pytest.mark.parametrize(
        ("pin", "sentence"),
        [
            ("1234", "Enter 6 to 12 digits."),
            ("12345a", "Enter 6 to 12 digits."),
            ("٣٤٥٦٧١", "Enter 6 to 12 digits."),
            ("111111", "This PIN is easy to guess. Choose digits that do not repeat or count up."),
            ("121212", "This PIN is easy to guess. Choose digits that do not repeat or count up."),
            ("345678", "This PIN is easy to guess. Choose digits that do not repeat or count up."),
            ("890123", "This PIN is easy to guess. Choose digits that do not repeat or count up."),
            ("654321", "This PIN is easy to guess. Choose digits that do not repeat or count up."),
        ],
    )
    def test_a_pin_that_is_too_short_or_easy_is_refused(self, tess, pin, sentence):
        with pytest.raises(Invalid, match=sentence):
            unlocking.set_pin(tess, pin=pin, by=tess)

    def test_neither_is_kept_as_it_was_typed(self, tess):
        unlocking.set_pin(tess, pin=PIN, by=tess)
        unlocking.enrol_badge(tess, code=BADGE, by=tess)
        kept = User.objects.get(pk=tess.pk)
        assert PIN not in kept.pin
        assert BADGE not in kept.badge
        everything = str(list(AuditEvent.objects.values_list("data", flat=True)))
        assert PIN not in everything
        assert BADGE not in everything

    def test_one_badge_is_one_persons(self, tess, site):
        unlocking.enrol_badge(tess, code=BADGE, by=tess)
        other = department.technologist(site)
        with pytest.raises(Conflict, match="belongs to somebody else"):
            unlocking.enrol_badge(other, code=BADGE, by=other)

    def test_the_lead_enrols_badges_of_the_own_site_and_sets_nobodys_pin(self, tess, site):
        lead = department.lead(site)
        unlocking.enrol_badge(tess, code=BADGE, by=lead)
        assert unlocking.opened_by(tess, BADGE) == "badge"
        with pytest.raises(NotFound):
            unlocking.set_pin(tess, pin=PIN, by=lead)

    def test_a_lead_of_another_site_and_a_colleague_may_not(self, tess, site):
        far = department.lead(department.site("hillside", equipped=False))
        with pytest.raises(NotFound):
            unlocking.enrol_badge(tess, code=BADGE, by=far)
        with pytest.raises(NotAllowed):
            unlocking.enrol_badge(tess, code=BADGE, by=department.user(Role.SCHEDULER, site))


class TestPage:
    URL = "/account/quick-unlock/"

    @pytest.fixture
    def browser(self, page_of, tess):
        return page_of(tess)

    def test_a_pin_is_set_with_the_password(self, browser, tess):
        sent = {"what": "pin", "pin-pin": PIN, "pin-again": PIN, "pin-own_password": PASSWORD}
        assert browser.post(self.URL, sent)["Location"] == self.URL
        tess.refresh_from_db()
        assert unlocking.opened_by(tess, PIN) == "PIN"
        assert "Change PIN" in browser.get(self.URL).content.decode()

    def test_a_badge_is_enrolled_and_removed(self, browser, tess):
        browser.post(self.URL, {"what": "badge", "badge-code": BADGE, "badge-own_password": PASSWORD})
        tess.refresh_from_db()
        assert tess.badge
        browser.post(self.URL, {"what": "remove-badge", "remove-badge-own_password": PASSWORD})
        tess.refresh_from_db()
        assert tess.badge == ""

    def test_two_different_pins_and_a_wrong_password_are_said_at_their_fields(self, browser, tess):
        sent = {"what": "pin", "pin-pin": PIN, "pin-again": "582618", "pin-own_password": "no"}
        answer = browser.post(self.URL, sent)
        assert answer.status_code == 422
        page = answer.content.decode()
        assert "The two PINs are not the same." in page
        assert "This is not your password. Try again." in page
        assert PIN not in page

    def test_the_fifth_wrong_password_signs_out(self, browser):
        sent = {"what": "badge", "badge-code": BADGE, "badge-own_password": "no"}
        answers = [browser.post(self.URL, sent).status_code for _ in range(5)]
        assert answers == [422, 422, 422, 422, 302]
        assert "_auth_user_id" not in browser.session
