"""The report as a PDF file. Its name says nothing of a patient: it stays in the folder of downloads."""

from django.utils import timezone

from reporting import lungs, paper
from reporting.engine.criteria import judged_by
from reporting.models import Told
from reporting.services import drafting, evaluation, reading, signing, studies, versions
from scheduling.services import access
from scheduling.views.files import pdf_of
from vqflow import audit
from vqflow.errors import Conflict, NotFound
from vqflow.pages import page

PICTURED = ("anterior", "posterior", "right_lateral", "left_lateral")


@page("report.view")
def pdf(request, pk):
    """What the report says now, for those of the department who may read it. That it was printed is audited."""
    order = access.order(pk, by=request.user, action="report.view")
    found = drafting.of(order)
    signed = [each.version for each in reversed(reading.signed(found, request.user))]
    if not signed:
        raise NotFound("There is no signed report to print yet.")
    audit.record("report.printed", order, by=request.user, patients=[order.patient_id])
    return made(found, signed, now=timezone.now())


def made(report, signed, *, now):
    """The file of these versions (oldest first) of a report."""
    order = report.order
    if not all(signing.is_intact(each) for each in signed):
        raise Conflict("This text is not what was signed. It is not printed: tell the system administrator.")
    standing = versions.standing(signed)
    kept = evaluation.kept_reading(standing.base)
    study = judged_by(standing.base.scheme, studies.of(order, kept.technique))
    drawn = lungs.pictures(kept, PICTURED, study=study)
    case = reading.case(order, now=now)
    told = Told.objects.filter(result__report=report).select_related("told_by").order_by("told_at", "pk")
    facts = paper.data(order, standing, signed, case, now=now, drawings=drawn, told=told)
    return pdf_of(paper.pdf(facts), f"report-{order.accession_number}-v{signed[-1].number}")
