"""Labels to print: wristband, dose, vial and rooms, each with its code. One page per label, sized as the label."""

from django.utils import timezone

from scheduling import paper
from scheduling.models import Resource, ResourceKind
from scheduling.paper import labels
from scheduling.services import access
from scheduling.views.files import pdf_of
from scheduling.views.site import site_of
from vqflow.pages import page


@page("label.print")
def wristband(request, pk):
    """The patient's wristband: name, date of birth and number in print, in the code only a number of VQFlow."""
    appointment = access.appointment(pk, by=request.user, action="label.print")
    return _pdf(labels.wristband(appointment), "wristband")


@page("label.print")
def dose(request, pk):
    """The label of a syringe: whose it is, what it holds, until when."""
    found = access.dose(pk, by=request.user, action="label.print")
    return _pdf(labels.dose(found), "dose")


@page("label.print")
def vial(request, pk):
    """The label of a vial or unit dose as it came."""
    return _pdf(labels.vial(access.tracer_batch(pk, by=request.user, action="label.print")), "vial")


@page("label.print")
def rooms(request):
    """A label for the door of each room."""
    site = site_of(request.user)
    found = Resource.objects.filter(site=site, kind=ResourceKind.ROOM, is_active=True).order_by("name")
    return _pdf(labels.rooms(site, list(found)), "rooms")


def _pdf(data, name):
    return pdf_of(paper.pdf("labels", data), f"{name}-{timezone.now():%H%M%S}")
