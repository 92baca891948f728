"""The technique is what was acquired; the reader corrects it, and it decides which schemes are offered."""

import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse

from reporting.engine.findings import InvalidReading, Technique, as_json, parse
from reporting.services import drafting, evaluation, presets, prose, signing, studies
from scheduling.models import Capability, PictureRecord, ScheduledProcedureStep, StepKind
from tests.reporting.conftest import NOW
from tests.reporting.test_drafting import NORMAL
from tests.reporting.test_studies import ask_camera
from vqflow.errors import Conflict, Invalid

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=7)
SPECT = {**NORMAL, "technique": "spect"}


def taken(order, by, *views, kind=StepKind.PERFUSION, outcome="accepted", **more):
    step = ScheduledProcedureStep.objects.get(appointment__procedure__order=order, kind=kind)
    for view in views:
        PictureRecord.objects.create(
            step=step, view=view, outcome=outcome, acquired_at=NOW, recorded_at=NOW, recorded_by=by, **more
        )


class TestWhatIsRecorded:
    def test_tomography_on_a_planar_protocol_is_spect(self, order, technologist):
        taken(order, technologist, "spect")
        assert studies.of(order).technique == Technique.SPECT

    def test_with_the_cameras_ct_it_is_spect_ct_and_the_lungs_are_known(self, order, technologist):
        order.procedure.appointments.get().steps.filter(kind=StepKind.XRAY).delete()
        taken(order, technologist, "spect", "spect_ct")
        assert (studies.of(order).technique, studies.of(order).xray_known) == (Technique.SPECT_CT, True)

    def test_planar_views_on_a_spect_protocol_are_planar(self, order, technologist):
        ask_camera(order, Capability.CAMERA_SPECT_CT)
        order.procedure.appointments.get().steps.filter(kind=StepKind.XRAY).delete()
        taken(order, technologist, "ant", "post")
        assert (studies.of(order).technique, studies.of(order).xray_known) == (Technique.PLANAR, False)

    def test_pictures_of_perfusion_count_before_those_of_ventilation(self, order, technologist):
        taken(order, technologist, "spect", kind=StepKind.VENTILATION)
        assert studies.of(order).technique == Technique.SPECT
        taken(order, technologist, "ant")
        assert studies.of(order).technique == Technique.PLANAR

    def test_what_was_skipped_or_taken_back_was_not_taken(self, order, technologist):
        ask_camera(order, Capability.CAMERA_SPECT)
        taken(order, technologist, "ant", outcome="skipped", reason="No time.")
        void = {"voided_at": NOW, "voided_by": technologist, "void_reason": "Wrong patient."}
        taken(order, technologist, "post", **void)
        assert studies.of(order).technique == Technique.SPECT


class TestTheReadersCorrection:
    def test_is_part_of_the_reading_and_of_nothing_that_was_signed_before(self):
        assert as_json(parse({"technique": "spect"})) == {"technique": "spect"}
        assert as_json(parse({"technique": ""})) == as_json(parse({})) == {}
        with pytest.raises(InvalidReading, match="technique: Choose one of planar, spect, spect_ct"):
            parse({"technique": "pet"})

    def test_decides_which_schemes_are_offered(self, order):
        frame = evaluation.frame(order)
        corrected = frame.read_as(parse(SPECT))
        assert ("EANM_SPECT" in frame.offered, "PIOPED_I" in frame.offered) == (False, True)
        assert ("EANM_SPECT" in corrected.offered, "PIOPED_I" in corrected.offered) == (True, False)
        assert corrected.not_offered["PIOPED_I"] == "PIOPED I: for planar pictures only."

    def test_lets_its_scheme_be_chosen_with_it_and_judges_by_it(self, order, resident):
        saved = drafting.write(
            order, draft_version=1, scheme="EANM_SPECT", reading=SPECT, by=resident, now=NOW
        )
        assert (saved.scheme, saved.suggested) == ("EANM_SPECT", "no_pe")
        with pytest.raises(Invalid) as refusal:
            drafting.save(saved, draft_version=2, scheme="PIOPED_I", by=resident, now=NOW)
        assert refusal.value.fields == {"scheme": ["PIOPED I: for planar pictures only."]}

    def test_makes_the_sentences_say_it(self, order):
        study = evaluation.frame(order).read_as(parse(SPECT)).study
        said = prose.generated(parse(SPECT), study, scheme="EANM_SPECT", category="no_pe")
        assert said.findings.startswith("Ventilation and perfusion SPECT.")

    def test_that_the_scheme_does_not_fit_is_saved_but_not_signed(self, order, attending):
        content = {"category": "normal", "impression": "Normal.", "findings": "Even."}
        drafting.write(
            order, draft_version=1, scheme="PIOPED_I", reading=NORMAL, **content, by=attending, now=NOW
        )
        found = drafting.existing(order)
        assert signing.why_not_sign(found, attending) is None
        saved = drafting.save(found, draft_version=2, reading=SPECT, by=attending, now=NOW)
        assert saved.suggested == ""
        refusal = "PIOPED I: for planar pictures only. Choose another scheme, then sign."
        assert signing.why_not_sign(saved, attending) == refusal
        with pytest.raises(Conflict, match=refusal):
            signing.sign(saved, draft_version=3, by=attending, now=LATER)

    def test_is_no_part_of_a_preset_and_stays_under_one(self, order, resident):
        saved = drafting.write(order, draft_version=1, reading=SPECT, by=resident, now=NOW)
        preset = presets.keep(saved, name="Usual", by=resident)
        assert "technique" not in preset.reading
        again = presets.apply(preset, saved, draft_version=2, by=resident, now=LATER)
        assert again.reading["technique"] == "spect"


class TestOnThePage:
    FORM = {"scheme": "TEN_TERMS", "version": 1, "reading": "SEG18", "category": ""}

    def url(self, name, order):
        return reverse(f"reporting:{name}", kwargs={"pk": order.pk})

    def schemes(self, answer):
        """(keys that the page offers, keys that its field has)"""
        text = answer.content.decode()
        found = re.search(r"<select data-schemes.*?</select>", text, re.S)[0]
        field = re.search(r'<select[^>]*name="scheme".*?</select>', text, re.S)
        keys = [set(re.findall(r'value="(\w+)"', each)) for each in (found, field[0] if field else "")]
        return keys

    def test_the_form_says_what_is_recorded_and_keeps_the_correction(self, order, attending, page_of):
        page = page_of(attending)
        first = page.get(self.url("report", order))
        assert "As recorded: Planar" in first.content.decode()
        assert "EANM_SPECT" not in self.schemes(first)[1]
        page.post(self.url("draft", order), {**self.FORM, "technique": "spect"})
        assert drafting.of(order).reading == {"technique": "spect"}
        second = page.get(self.url("report", order))
        assert '<option value="spect" selected>SPECT</option>' in second.content.decode()
        assert self.schemes(second)[0] == self.schemes(second)[1]
        assert "EANM_SPECT" in self.schemes(second)[1]

    def test_the_form_as_it_stands_offers_the_schemes_of_its_technique(self, order, attending, page_of):
        page = page_of(attending)
        answer = page.post(self.url("evaluate", order), {**self.FORM, "technique": "spect"})
        offered, _ = self.schemes(answer)
        assert {"EANM_SPECT", "TRINARY", "TEN_TERMS"} == offered
        assert "PIOPED I: for planar pictures only." in answer.content.decode()

    def test_the_api_does_alike(self, order, attending, page_of):
        page = page_of(attending)
        url = reverse("reporting_api:evaluate", kwargs={"pk": order.pk})
        data = {"scheme": "EANM_SPECT", "reading": SPECT}
        answer = page.post(url, json.dumps(data), content_type="application/json").json()
        assert answer["suggestion"]["category"] == "no_pe"
        assert "EANM_SPECT" in answer["offered_schemes"]
        assert answer["prose"]["findings"].startswith("Ventilation and perfusion SPECT.")
