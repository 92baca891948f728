"""The first page behind a link: the date of birth, then what the link is for."""

from scheduling.models.links import Purpose
from scheduling.views.patient import aftercare, offers, visit
from scheduling.views.patient.frame import patient_page
from scheduling.views.patient.opening import PERSONAL, ask_birthday

FIRST_PAGES = {
    Purpose.VISIT: visit.page,
    Purpose.OFFER: offers.page,
    Purpose.AFTERCARE: aftercare.page,
}


@patient_page(*PERSONAL, unlocked=False)
def home(request, link, now):
    if not request.visitor.is_unlocked:
        return ask_birthday(request)
    return FIRST_PAGES[link.purpose](request, link, now)
