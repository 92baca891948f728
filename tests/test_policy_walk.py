"""Every address with every role: access is what vqflow/policy.py says, and an address that is not in it fails."""

from collections import namedtuple
from datetime import time, timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, get_resolver

from reporting.services import critical, drafting, presets, signing
from scheduling.models import DisruptionKind, Message, Offer, StepKind, Task
from scheduling.services import disruptions, enquiries, holds, problems, saved_views, vetting
from scheduling.services.department import rooms
from scheduling.services.examination import pictures
from scheduling.services.quality import checks, plans, spills
from scheduling.services.tracers import ordering
from scheduling.services.waitlist import entries, filling
from tests import cameras, department, doses
from tests.callers import Clock
from vqflow import policy
from vqflow.models import Role

LATER = department.NOW + timedelta(hours=8)
# Views of others, and our own that answer anybody. A new name here needs a reason.
PUBLIC = {
    "vqflow:healthz": "asked by the supervisor and by load balancers",
    "api:nowhere": "says 404 to whoever asks",
    "nowhere": "pages of the sign-in library that do not exist here",
    # What a mailed link opens: whoever has the link, and from link-unlock on who knows the date of birth.
    "scheduling:link-open": "the address of a mail: its token leads on to link-home",
    "scheduling:link-home": "asks the date of birth, then shows what the link is for",
    "scheduling:link-unlock": "takes the date of birth",
    "scheduling:link-language": "another language of these pages",
    "scheduling:link-leave": "forgets the link on a shared computer",
    "scheduling:link-what-happens": "the examination in plain words, of who has an appointment or an offer",
    "scheduling:link-calendar": "the patient's own visits for the patient's own calendar",
    "scheduling:link-confirm": "the patient comes",
    "scheduling:link-cancel": "the patient does not come, where the site opens this",
    "scheduling:link-questions": "the safety questions, answered at home where the site asks there",
    "scheduling:link-another-time": "other times, where the site opens this",
    "scheduling:link-another-time-keep": "keeps one of them for some minutes",
    "scheduling:link-another-time-kept": "the time that is kept",
    "scheduling:link-another-time-take": "moves the patient's own appointment to it",
    "scheduling:link-another-time-give-back": "lets it go",
    "scheduling:link-another-time-ask": "asks the desk to phone",
    "scheduling:link-accept": "takes the time that was offered to this patient",
    "scheduling:link-decline": "does not take it",
    "scheduling:link-stop": "asks whether the reminders are to stop",
    "scheduling:link-stop-open": "one click of a mail program (RFC 8058)",
}
ALLAUTH = ("account_", "mfa_", "usersessions_")
# Actions that no address stands for.
ASKED_BY_SERVICES = {
    "closure.manage_ahead": "scheduling/services/closures.py, for closures that begin on another day",
    "appointment.overbook": "scheduling/services/booking.py, for a booking that gives a reason to overbook",
    "appointment.move_to_another_day": "scheduling/services/booking.py, which knows the day before the move",
    "override.authorised_user": "scheduling/services/vetting.py, for the rules that only one of them may override",
    "report.sign_final": "reporting/services/signing.py, by the signer's grade",
    "numbers.all_sites": "reporting/forms/numbers.py, which offers all sites together",
    "performed.report": "scheduling/services/performed, for what a device says over DICOM",
}
# What a GET may write: that somebody looked, and the session.
WRITTEN_BY_READS = (
    "vqflow_auditevent",
    "django_session",
    "usersessions_usersession",
    "vqflow_cache",
    "reporting_look",
)

Address = namedtuple("Address", "route name view actions")


def addresses(patterns=None, prefix="", space=""):
    """Every address of the project with {method: action}; `actions` is None for a view that names none."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            name = f"{space}{pattern.name}"
            yield Address(route, name, pattern.callback, _actions(pattern.callback))
        else:
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from addresses(pattern.url_patterns, route, inner)


def _actions(view):
    if hasattr(view, "cls"):
        return getattr(view.cls, "actions", None)
    action = getattr(view, "action", None)
    return dict.fromkeys(view.methods, action) if action else None


ALL = list(addresses())
OURS = [each for each in ALL if each.actions]


def is_allauth(address):
    return address.view.__module__.startswith("allauth.") or address.name.startswith(ALLAUTH)


def test_every_address_names_its_action_or_is_known_to_be_public():
    unlisted = [
        each.name for each in ALL if not each.actions and not is_allauth(each) and each.name not in PUBLIC
    ]
    assert unlisted == []
    assert {each.name for each in ALL} >= PUBLIC.keys()


def test_every_view_of_the_api_names_an_action_for_each_of_its_methods():
    verbs = ("get", "post", "put", "patch", "delete")
    faults = {
        each.name: sorted(each.actions)
        for each in OURS
        if hasattr(each.view, "cls")
        and {verb.upper() for verb in verbs if hasattr(each.view.cls, verb)} != set(each.actions)
    }
    assert faults == {}


def test_every_action_of_an_address_is_in_the_policy():
    assert {action for each in OURS for action in each.actions.values()} <= policy.MAY.keys()


def test_every_action_of_the_policy_is_used():
    used = {action for each in OURS for action in each.actions.values()}
    assert policy.MAY.keys() - used == ASKED_BY_SERVICES.keys()


def test_the_administrator_has_no_clinical_access():
    not_clinical = {"account.use", "api.describe", "department.view", "system.status"}
    assert {action for action, roles in policy.MAY.items() if Role.ADMINISTRATOR in roles} == not_clinical


@pytest.fixture
def _clock(monkeypatch, settings):
    settings.REQUIRE_MFA_ROLES = []
    Clock(monkeypatch)


class Place:
    """One site with an object for every address: an order, an appointment, a decision, a finished examination."""

    def __init__(self, code):
        self.site = department.site(code)
        self.users = {role: self._user(role) for role in policy.EVERYONE}
        doctor = department.referrer(self.site, user=self.users[Role.REFERRER])
        booked = department.booked(self.site, referrer=doctor, priority="stat")
        performed, reported = (department.performed(self.site, referrer=doctor) for _ in range(2))
        self._report(performed)
        signing.sign(self._report(reported), draft_version=2, by=self.users[Role.READER], now=LATER)
        waiting = department.order(self.site, vetted=False)
        by_phone = vetting.override(
            waiting,
            rule="CXR-1",
            reason="STAT",
            physician=self.users[Role.READER],
            by=self.users[Role.TECHNOLOGIST],
            now=department.NOW,
        )
        self.keys = {
            "patients": waiting.patient_id,
            "messages": Message.objects.filter(appointment=booked).first().pk,
            "orders": waiting.pk,
            "orders/new": waiting.patient_id,
            "referrers": doctor.pk,
            "vetting": waiting.pk,
            "questions": self._question().pk,
            "decisions": by_phone.pk,
            "tasks": self._call(doctor).pk,
            "appointments": booked.pk,
            "worklist/views": saved_views.save(
                name="Mine",
                days_ahead=0,
                room_id=None,
                state="mine",
                by_room=False,
                by=self.users[Role.TECHNOLOGIST],
            ).pk,
            "problems": problems.report(
                booked, reason="no_iv", by=self.users[Role.TECHNOLOGIST], now=department.NOW
            ).pk,
            "steps": booked.steps.get(kind=StepKind.VENTILATION).pk,
            "pictures": self._picture(performed).pk,
            "reports": performed.pk,
            "results": reported.pk,
            "reports/<int:pk>/pdf/": reported.pk,  # only what is signed is on paper
            "critical": self._critical(performed).pk,
            "presets": presets.keep(
                drafting.existing(performed), name="Usual", by=self.users[Role.READER]
            ).pk,
            **self._broken(),
            "tracers/batches": doses.batch(self.site, product="dtpa").pk,
            "tracers/supplies": doses.supply(self.site, product="dtpa").pk,
            **self._waitlist(),
            "holds": self._hold().pk,
            **self._department(),
            **self._quality(),
            **self._doses(performed),
            **self._devices(),
        }

    def _quality(self):
        """A planned check and one done, a room that gas escaped into, an incident, and doses that are ordered."""
        by, room = self.users[Role.LEAD], self.site.resources.get(name="Ventilation 2")
        plan = plans.add(self.site, kind="camera", room=room, by=by, now=department.NOW)
        done = checks.record(plan, passed=True, by=by, now=department.NOW).check
        spill = spills.report(room, clear_minutes=30, by=by, now=department.NOW)
        supply = doses.supply(self.site, product="xe133", supplier="Depot", order_by_time=time(15))
        day = department.TODAY + timedelta(days=1)
        ordered = ordering.order(supply, day=day, doses=1, by=by, now=department.NOW)
        return {
            "morning/plans": plan.pk,
            "quality/plans": plan.pk,
            "department/checks": plan.pk,
            "morning/checks": done.pk,
            "quality/checks": done.pk,
            "morning/rooms": room.pk,
            "quality/rooms": room.pk,
            "morning/spills": spill.pk,
            "quality/spills": spill.pk,
            "incidents": spill.incident_id,
            "tracers/orders": ordered.pk,
        }

    def _devices(self):
        """A device on the network, and what it did that nobody had scheduled."""
        camera = cameras.camera(self.site, title=f"CAM_{self.site.code}"[:16].upper())
        return {"department/devices": camera.pk, "performed": cameras.unscheduled(camera).pk}

    def _broken(self):
        """A room that is out of order, with its plan and its closure."""
        broken = disruptions.report(
            self.site,
            kind=DisruptionKind.ROOM_DOWN,
            resource=self.site.resources.get(name="X-ray 2"),
            ends_at=LATER,
            by=self.users[Role.LEAD],
            now=department.NOW,
        )
        plan, closure = broken.replans.get(), broken.closures.get()
        return {"disruptions": broken.pk, "replans": plan.pk, "closures": closure.pk}

    def _doses(self, performed):
        """A dose and a count rate of a performed examination."""
        dose, rate = doses.on_record(performed, by=self.users[Role.TECHNOLOGIST])
        return {"doses": dose.pk, "counts": rate.pk}

    def _picture(self, performed):
        step = performed.procedure.appointments.get().steps.get(kind=StepKind.VENTILATION)
        return pictures.take(step, "ant", by=self.users[Role.TECHNOLOGIST], now=LATER)

    def _question(self):
        order = department.order(self.site, vetted=False)
        asker = self.users[Role.READER]
        return enquiries.ask(order, text="D-dimer?", to="desk", by=asker, now=department.NOW)

    def _department(self):
        """A room, a person, a protocol, and a change that waits for its day."""
        room, by = self.site.resources.get(name="Bay 2"), self.users[Role.LEAD]
        day = department.TODAY + timedelta(days=1)
        change = rooms.change(room, clearance_minutes=5, starts_on=day, by=by, now=department.NOW)
        return {
            "department/rooms": room.pk,
            "department/people": self.site.resources.get(name="Ben Okafor").pk,
            "department/protocols": self.site.protocols.get(key="V_ONLY").pk,
            "department/durations": self.site.protocols.get(key="V_ONLY").pk,
            "department/changes": change.pk,
        }

    def _call(self, doctor):
        silent = department.patient(self.site, email_consent=False)
        called = department.booked(self.site, of=silent, referrer=doctor).procedure.order
        return called.tasks.get(kind=Task.Kind.PHONE)

    def _waitlist(self):
        by, day = self.users[Role.SCHEDULER], department.TODAY
        order = department.order(self.site, by=by)
        entries.join(order, wishes=entries.Wishes(day, day), by=by, now=department.NOW)
        filling.fill(now=department.NOW)
        offer = Offer.objects.get(entry__order=order)
        return {"waitlist": offer.entry_id, "offers": offer.pk}

    def _hold(self):
        """Offered to a patient, so that whoever may hold may extend and release it."""
        by, order = self.users[Role.SCHEDULER], department.order(self.site)
        best = department.proposal(order, by=by)
        return holds.hold(order, starts=best.starts, by=by, now=department.NOW, is_offer=True)

    def _report(self, order):
        draft = {"scheme": "TEN_TERMS", "category": "pe_present", "findings": "", "impression": "PE."}
        return drafting.write(order, draft_version=1, **draft, by=self.users[Role.READER], now=LATER)

    def _critical(self, order):
        """What the report of this order has that cannot wait."""
        by, report = self.users[Role.READER], drafting.of(order)
        critical.identified(report, stage="draft", by=by, now=LATER)
        return report.critical_results.get()

    def _user(self, role):
        if role == Role.READER:
            return department.attending(self.site)
        return department.user(role, self.site)

    def path(self, address):
        """The address with the id of this place's own object, and whether it has one."""
        route = address.route
        begin, found, _ = route.partition("<")
        if not found:
            return f"/{route}", False
        noun = begin.removeprefix("api/v1/").rstrip("/")
        if noun in OF_NO_SITE:
            return f"/{route.replace('<slug:key>', OF_NO_SITE[noun])}", False
        named = route if route in self.keys else "reports" if "<int:pk>/report" in route else noun
        key = self.keys[named]
        parts = [str(key) if part.startswith("<") else part for part in route.split("/")]
        return "/" + "/".join(parts), True


OF_NO_SITE = {"numbers": "order-to-scan"}
"""Nouns whose keys are the same everywhere: panels of figures, each of the own site's cases."""


@pytest.fixture
def here(db, _clock):
    return Place("riverside")


@pytest.fixture
def there(here):
    return Place("hillside")


OF_ONE_PERSON = {"worklist/views/<int:pk>/forget/"}
"""Addresses of what belongs to the person who made it: for everybody else it is not there."""


def ask(client, method, path):
    """The answer to a plain request, with nothing of it kept; a reading one may write nothing but the audit."""
    written = []

    def watch(execute, sql, params, many, context):
        if sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")) and not any(
            f'"{table}"' in sql for table in WRITTEN_BY_READS
        ):
            written.append(sql[:80])
        return execute(sql, params, many, context)

    options = {"content_type": "application/json"} if path.startswith("/api/") and method != "GET" else {}
    with transaction.atomic(), connection.execute_wrapper(watch):
        answer = getattr(client, method.lower())(path, **options)
        transaction.set_rollback(True)
    return answer, written if method == "GET" else []


def is_refused(answer):
    return answer.status_code in (401, 403) or (
        answer.status_code == 302 and answer["Location"].startswith("/account/login")
    )


@pytest.mark.timeout(600)
def test_every_role_gets_what_the_table_says(here):
    faults = []
    for role, user in here.users.items():
        client = signed_in(user)
        for address in OURS:
            for method, action in address.actions.items():
                faults += _faults(client, user, role, method, action, address, here)
    assert faults == [], "\n".join(faults)


def signed_in(user):
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def _faults(client, user, role, method, action, address, here):
    path, has_object = here.path(address)
    may = policy.allows(user, action)
    answer, written = ask(client, method, path)
    about = f"{role} {method} {address.route} ({action}) answered {answer.status_code}"
    if answer.status_code >= 500 or answer.status_code == 405:
        yield about
    elif is_refused(answer) == may:
        yield f"{about}, but the table says {'yes' if may else 'no'}"
    if has_object and may and answer.status_code == 404 and address.route not in OF_ONE_PERSON:
        yield f"{about} for an object of the own site"
    if written:
        yield f"{about} and wrote: {written}"


@pytest.mark.timeout(600)
def test_another_sites_object_is_not_found_by_those_who_may(here, there):
    clients = {role: signed_in(user) for role, user in here.users.items()}
    faults = []
    for address in OURS:
        path, has_object = there.path(address)
        for method, action in address.actions.items() if has_object else ():
            role = next(role for role, user in here.users.items() if policy.allows(user, action))
            answer, _ = ask(clients[role], method, path)
            if answer.status_code != 404 and not _leads_to_404(clients[role], answer):
                faults.append(f"{role} {method} {address.route} answered {answer.status_code}")
    assert faults == [], "\n".join(faults)


def _leads_to_404(client, answer):
    """A redirect to the object's own page tells nothing."""
    return answer.status_code == 302 and ask(client, "GET", answer["Location"])[0].status_code == 404


@pytest.mark.usefixtures("_clock")
@pytest.mark.timeout(600)
def test_nobody_is_sent_to_sign_in_or_answered_401(db):
    faults = []
    for address in OURS:
        path = "/" + address.route.replace("<uuid:pk>", "0" * 8 + "-0000-4000-8000-" + "0" * 12)
        path = path.replace("<int:pk>", "1").replace("<int:patient_pk>", "1").replace("<slug:key>", "gown")
        for method in address.actions:
            answer, _ = ask(Client(), method, path)
            is_api = hasattr(address.view, "cls")
            right = answer.status_code == 401 if is_api else is_refused(answer) and answer.status_code == 302
            if not right:
                faults.append(f"{method} {path} answered {answer.status_code}")
    assert faults == [], "\n".join(faults)
