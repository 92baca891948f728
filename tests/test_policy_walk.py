"""Every address with every role: access is what vqflow/policy.py says, and an address that is not in it fails."""

from collections import namedtuple
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, get_resolver

from reporting.services import drafting, signing
from scheduling.models import DisruptionKind, Offer, StepKind, Task
from scheduling.services import disruptions, enquiries, holds, vetting
from scheduling.services.department import rooms
from scheduling.services.waitlist import entries, filling
from tests import department, doses
from tests.callers import Clock
from vqflow import policy
from vqflow.models import Role

LATER = department.NOW + timedelta(hours=8)
# Views of others, and our own that answer anybody. A new name here needs a reason.
PUBLIC = {
    "vqflow:healthz": "asked by the supervisor and by load balancers",
    "api:nowhere": "says 404 to whoever asks",
    "nowhere": "pages of the sign-in library that do not exist here",
}
ALLAUTH = ("account_", "mfa_", "usersessions_")
# Actions that no address stands for.
ASKED_BY_SERVICES = {
    "closure.manage_ahead": "scheduling/services/closures.py, for closures that begin on another day",
    "appointment.overbook": "scheduling/services/booking.py, for a booking that gives a reason to overbook",
    "appointment.move_to_another_day": "scheduling/services/booking.py, which knows the day before the move",
    "override.authorised_user": "scheduling/services/vetting.py, for the rules that only one of them may override",
    "report.sign_final": "reporting/services/signing.py, by the signer's grade",
}
# What a GET may write: that somebody looked, and the session.
WRITTEN_BY_READS = ("vqflow_auditevent", "django_session", "usersessions_usersession", "vqflow_cache")

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
        self.users = {role: self._user(role) for role in Role}
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
            "orders": waiting.pk,
            "orders/new": waiting.patient_id,
            "referrers": doctor.pk,
            "vetting": waiting.pk,
            "questions": self._question().pk,
            "decisions": by_phone.pk,
            "tasks": self._call(doctor).pk,
            "appointments": booked.pk,
            "steps": booked.steps.get(kind=StepKind.VENTILATION).pk,
            "reports": performed.pk,
            "results": reported.pk,
            **self._broken(),
            "tracers/batches": doses.batch(self.site, product="dtpa").pk,
            "tracers/supplies": doses.supply(self.site, product="dtpa").pk,
            **self._waitlist(),
            "holds": self._hold().pk,
            **self._department(),
        }

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
        key = self.keys["reports" if route.endswith(("report", "report/sign")) else noun]
        parts = [str(key) if part.startswith("<") else part for part in route.split("/")]
        return "/" + "/".join(parts), True


@pytest.fixture
def here(db, _clock):
    return Place("riverside")


@pytest.fixture
def there(here):
    return Place("hillside")


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


@pytest.mark.timeout(240)
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
    if has_object and may and answer.status_code == 404:
        yield f"{about} for an object of the own site"
    if written:
        yield f"{about} and wrote: {written}"


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
def test_nobody_is_sent_to_sign_in_or_answered_401(db):
    faults = []
    for address in OURS:
        path = "/" + address.route.replace("<uuid:pk>", "0" * 8 + "-0000-4000-8000-" + "0" * 12)
        path = path.replace("<int:pk>", "1").replace("<int:patient_pk>", "1")
        for method in address.actions:
            answer, _ = ask(Client(), method, path)
            is_api = hasattr(address.view, "cls")
            right = answer.status_code == 401 if is_api else is_refused(answer) and answer.status_code == 302
            if not right:
                faults.append(f"{method} {path} answered {answer.status_code}")
    assert faults == [], "\n".join(faults)
