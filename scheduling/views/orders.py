"""Pages of one order; how it is taken: views/intake.py; lists: views/waiting.py; decisions: views/decisions.py."""

from django.shortcuts import render
from django.utils import timezone

from scheduling.engine import screening as rules
from scheduling.examinations import facts
from scheduling.forms.orders import ScreeningForm
from scheduling.services import access
from scheduling.views import consequences, order_page
from vqflow.pages import page


@page("screening.answer", methods=("POST",))
def effects(request, pk):
    """What the answers so far would do, while they are being given: a fragment."""
    order = access.order(pk, by=request.user, action="screening.answer")
    known = facts(order, timezone.now())
    form = ScreeningForm(request.POST, questions=rules.questions_for(known))
    return _effects(request, form, rules.evaluate(form.answers_so_far(), known))


def _effects(request, form, effects):
    """The effects of the question that has just been answered, and the summary of all beside them."""
    asked = (request.htmx.target or "").removeprefix("effects-")
    shown = consequences.shown(effects)
    context = {
        "shown": [each for each in shown if each.effect.question == asked],
        "summary": consequences.grouped(shown),
    }
    return render(request, "scheduling/_effects_answer.html", context)


@page("order.view")
def order(request, pk):
    return order_page.render_order(request, access.order(pk, by=request.user))
