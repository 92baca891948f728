"""Values of what was not done (typed before the records or the technique said so) do not count, are not said, and are
cleared before a report is signed."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from reporting.forms import readings
from reporting.services import drafting, evaluation, prose, signing
from scheduling.models import ScheduledProcedureStep, StepKind
from tests.reporting.browser import html, put
from tests.reporting.conftest import NOW
from tests.reporting.test_drafting import NORMAL, TWO_MISMATCHES
from vqflow.errors import Conflict

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=7)
NO_VENTILATION = "Ventilation was not done: what is said of it in 18 segments does not count."
NO_XRAY = "No chest X-ray is recorded: what is said of it in 18 segments does not count."
CONTENT = {"scheme": "TEN_TERMS", "category": "nondiagnostic", "impression": "Unclear."}
BEFORE = "Ventilation is normal in all segments."


@pytest.fixture
def draft(order, attending):
    """With the sentences of its reading, while ventilation and X-ray were on record."""
    frame = evaluation.frame(order)
    kept = evaluation.parse(NORMAL)
    said = prose.generated(kept, frame.study, scheme="TEN_TERMS", category="")
    content = {**CONTENT, "findings": f"{said.findings}\nI looked twice."}
    return drafting.write(order, draft_version=1, reading=NORMAL, **content, by=attending, now=NOW)


def undo(order, *kinds):
    """The records are put right: this was not done after all."""
    steps = ScheduledProcedureStep.objects.filter(appointment__procedure__order=order, kind__in=kinds)
    for step in steps:
        step.reservations.all().delete()
    steps.delete()


def fields(draft):
    sent = readings.fields_of(draft.reading)
    return {name: sent.getlist(name) for name in sent}


def test_nothing_is_idle_while_all_of_it_was_done(draft, attending):
    judged = evaluation.of(
        evaluation.frame(draft.order), scheme="", category="", reading=evaluation.parse(NORMAL)
    )
    assert judged.idle == {}
    assert signing.why_not_sign(draft, attending) is None


@pytest.mark.parametrize(
    ("kinds", "sentences"),
    [
        ([StepKind.VENTILATION], [NO_VENTILATION]),
        ([StepKind.XRAY], [NO_XRAY]),
        ([StepKind.VENTILATION, StepKind.XRAY], [NO_VENTILATION, NO_XRAY]),
    ],
)
def test_it_is_said_and_not_signed(draft, attending, kinds, sentences):
    undo(draft.order, *kinds)
    found = drafting.existing(draft.order)
    refusal = f"{' '.join(sentences)} Clear it in the report, then sign."
    assert signing.why_not_sign(found, attending) == refusal
    with pytest.raises(Conflict, match="Clear it in the report"):
        signing.sign(found, draft_version=found.draft_version, by=attending, now=LATER)
    judged = evaluation.of(
        evaluation.frame(draft.order), scheme="", category="", reading=evaluation.parse(NORMAL)
    )
    assert list(judged.idle.values()) == sentences


def test_a_few_segments_are_named(order):
    undo(order, StepKind.VENTILATION)
    found = evaluation.parse(
        {"segments": {"RB1": {"ventilation": "normal"}, "LB3": {"ventilation": "not_done"}}}
    )
    assert evaluation.idle_in_words(found, evaluation.frame(order).study) == {
        "ventilation": "Ventilation was not done: what is said of it in RB1 does not count."
    }


def test_cleared_it_is_signed(draft, attending):
    undo(draft.order, StepKind.VENTILATION)
    sent = readings.fields_of(draft.reading)
    sent["clear"] = "v"
    kept, faults = readings.reading_of(sent)
    assert faults == {}
    assert {tuple(each) for each in kept["segments"].values()} == {("perfusion", "xray")}
    found = drafting.save(draft, draft_version=2, reading=kept, by=attending, now=LATER)
    assert signing.sign(found, draft_version=3, by=attending, now=LATER).reading == kept


def test_the_page_says_it_and_offers_to_clear_it(draft, attending, page_of):
    page = page_of(attending)
    address = reverse("reporting:report", kwargs={"pk": draft.order_id})
    assert "does not count" not in html(page.get(address))
    undo(draft.order, StepKind.VENTILATION)
    text = html(page.get(address))
    assert NO_VENTILATION in text
    assert 'name="clear" value="v" data-map-clear' in text


def test_without_javascript_the_press_clears_and_saves(draft, attending, page_of):
    undo(draft.order, StepKind.VENTILATION)
    data = {**CONTENT, "version": 2, "findings": draft.findings, "clear": "v"}
    pairs = [*data.items(), *((name, value) for name, values in fields(draft).items() for value in values)]
    assert put(page_of(attending), "draft", draft.order, pairs).status_code == 302
    assert {"perfusion", "xray"} == set(drafting.of(draft.order).reading["segments"]["RB1"])


def test_sentences_of_the_time_before_go_and_own_ones_stay(draft, attending, page_of):
    """The page knows which lines were generated before the records were put right, and makes them anew."""
    undo(draft.order, StepKind.VENTILATION)
    page = page_of(attending)
    form = page.get(reverse("reporting:report", kwargs={"pk": draft.order_id})).context
    assert BEFORE in form["said"]["findings"]
    sent = {
        **fields(draft),
        "said-findings": form["said"]["findings"],
        "findings": draft.findings,
        "language": "en",
    }
    answer = page.post(reverse("reporting:evaluate", kwargs={"pk": draft.order_id}), {**CONTENT, **sent})
    (_, now_said, text) = answer.context["prose"][0]
    assert BEFORE in draft.findings
    assert BEFORE not in text
    assert text == f"{now_said}\nI looked twice."
    assert text.startswith("Planar perfusion scan without ventilation.")


def test_the_api_says_it_too(order, attending, page_of):
    undo(order, StepKind.XRAY)
    url = reverse("reporting_api:evaluate", kwargs={"pk": order.pk})
    data = {"scheme": "TEN_TERMS", "reading": TWO_MISMATCHES}
    answer = page_of(attending).post(url, json.dumps(data), content_type="application/json").json()
    assert answer["not_counted"] == [NO_XRAY]
    assert "chest X-ray is clear" not in answer["prose"]["findings"].replace("where", "")
