"""The safety questions, answered before the visit; what is answered is not asked again."""

from django.utils.translation import gettext

from scheduling.forms.patient_questions import HomeQuestionsForm
from scheduling.models.links import Purpose
from scheduling.services import self_service
from scheduling.views.patient.frame import HOME, done, patient_page, show

HERE = "scheduling:link-questions"


@patient_page(Purpose.VISIT, methods=("GET", "POST"))
def questions(request, link, now):
    asked = self_service.questions(link, now=now)
    if request.method == "POST" and asked:
        return _answer(request, link, now, HomeQuestionsForm(request.POST, asked=asked))
    return _page(request, link, now, HomeQuestionsForm(asked=asked))


def _answer(request, link, now, form):
    if not form.is_valid():
        return _page(request, link, now, form, status=422)
    left = self_service.answer(link, form.answers(), now=now)
    # Who breastfeeds reads here how long to pause.
    stays = left or self_service.breastfeeding_pause(link, now=now)
    return done(request, gettext("Thank you. We have saved your answers."), to=HERE if stays else HOME)


def _page(request, link, now, form, *, status=200):
    context = {"form": form, "pause": self_service.breastfeeding_pause(link, now=now)}
    return show(request, "patient/questions.html", context, status=status)
