"""Orders that wait to be vetted in the journeys' department. Run inside the stack, as clinic.py."""

import sys
from datetime import date, timedelta

from django.utils import timezone

from scheduling.engine.states import OPEN_ORDER, OrderState
from scheduling.models import Order, Site
from scheduling.services import intake
from tests import department
from tests.journeys.clinic import CODE
from vqflow.models import User

CASES = (
    {"priority": "stat", "answers": department.SAFE_ANSWERS, "patient_class": "E", "ward": "ED 3"},
    {
        "answers": department.SAFE_ANSWERS | {"pregnancy": "yes", "renal_failure": "yes"},
        "indication_code": "O88.212",
        "indication_text": "Embolism in pregnancy, second trimester",
    },
    {"answers": department.SAFE_ANSWERS | {"oxygen": "yes", "chest_xray": "abnormal"}},
)


def to_vet(*patients):
    """One order for each patient, as CASES has them; writes out the orders' numbers."""
    site, by = Site.objects.get(code=CODE), User.objects.get(username=f"{CODE}-scheduler")
    now = timezone.now()
    for number, (fields, case) in enumerate(zip(patients, CASES, strict=True)):
        of = department.patient(
            site, by=by, now=now, **fields | {"sex": "female", "born_on": date(1994, 3, 2)}
        )
        ordered_at = now - timedelta(minutes=30 - number)
        order = department.order(site, by=by, now=now, of=of, vetted=False, ordered_at=ordered_at, **case)
        sys.stdout.write(f"{order.pk}\n")


def nobody_waits():
    """What other journeys have left to be vetted is ended: the next on the list is one of ours."""
    waiting = Order.objects.filter(site__code=CODE, state=OrderState.REQUESTED)
    ended(*waiting.values_list("pk", flat=True))


def ended(*orders):
    """Whatever the journey has left open is ended: the day is as it was."""
    now = timezone.now()
    for order in Order.objects.filter(pk__in=orders, state__in=OPEN_ORDER):
        by = User.objects.get(username=f"{CODE}-scheduler")
        intake.cancel_order(order, reason="End of the journey", by=by, now=now)


def is_vetted_with(order):
    """Writes out the protocol, the suggested one and the reason of the order's vetting."""
    decision = Order.objects.get(pk=order).decisions.get(kind="vetting")
    sys.stdout.write(f"{decision.protocol.key},{decision.suggested.key},{decision.deviation}")
