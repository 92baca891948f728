"""The one way to a critical result by its id: permitted, at the own site, audited."""

from reporting.models import CriticalResult
from scheduling.services.access import NONE_SUCH
from vqflow import audit, policy
from vqflow.errors import NotFound


def result(pk, *, by, action):
    """The result with its report, order, people, attempts and escalations; NotFound at another site."""
    policy.permit(by, action)
    found = CriticalResult.objects.for_user(by).with_people().filter(pk=pk).first()
    if found is None:
        raise NotFound(NONE_SUCH)
    audit.read(action, found, by=by, patients=[found.report.order.patient_id])
    return found
