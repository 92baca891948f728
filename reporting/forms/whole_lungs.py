"""The fields of a reading that belong to no single segment, as they are shown. forms/readings.py reads them."""

from django import forms

from reporting.engine.findings import LIMITS, NONSEGMENTAL, OTHER_FINDINGS, Technique
from reporting.engine.findings.kept import LONGEST_NOTE
from reporting.forms import plain

UNKNOWN = ("", "Not assessed")
LEVELS = [("low", "Low"), ("intermediate", "Intermediate"), ("high", "High")]
TECHNIQUES = {
    Technique.PLANAR.value: "Planar",
    Technique.SPECT.value: "SPECT",
    Technique.SPECT_CT.value: "SPECT/CT",
}
EFFUSIONS = [UNKNOWN, ("none", "None"), ("small", "Small"), ("large", "A third of the cavity or more")]


def _one(label, choices):
    return forms.ChoiceField(label=label, required=False, choices=choices, widget=plain.Select)


def _many(label, words):
    choices = list(words.items())
    return forms.MultipleChoiceField(label=label, required=False, choices=choices, widget=plain.Boxes)


def _note(label):
    return forms.CharField(label=label, required=False, max_length=LONGEST_NOTE, widget=plain.Text)


class WholeLungsForm(forms.Form):
    quality = _one(
        "Quality",
        [UNKNOWN, ("good", "Good"), ("limited", "Limited"), ("nondiagnostic", "Nondiagnostic")],
    )
    limits = _many("Limits", LIMITS)
    limits_note = _note("Limits in words")
    near_normal = forms.BooleanField(label="Perfusion near normal as a whole", required=False)
    near_normal.widget.attrs["value"] = "yes"
    nonsegmental = _many("Nonsegmental defects from", NONSEGMENTAL)
    effusion_right = _one("Pleural effusion, right", EFFUSIONS)
    effusion_left = _one("Pleural effusion, left", EFFUSIONS)
    cteph = _one("Pattern of chronic embolism (CTEPH)", [UNKNOWN, ("no", "No"), ("yes", "Yes")])
    other = _many("Other findings", OTHER_FINDINGS)
    other_note = _note("Other findings in words")
    comparison_order = _one("Compared with", [("", "Examination elsewhere, or none")])
    comparison_change = _one(
        "Change",
        [
            UNKNOWN,
            ("unchanged", "Unchanged"),
            ("better", "Better"),
            ("worse", "Worse"),
            ("new", "New defects"),
        ],
    )
    comparison_note = _note("Comparison in words")
    confidence = _one("Confidence", [UNKNOWN, *LEVELS])
    prior = _one("Clinical probability before the scan, as you judge it", [UNKNOWN, *LEVELS])
    technique = _one("Technique", [("", "As recorded"), *TECHNIQUES.items()])

    def __init__(self, *args, priors=(), recorded="", **kwargs):
        """`priors`: [(key of the order, its words)] of the patient's earlier examinations here; `recorded`: the
        technique that the records tell."""
        super().__init__(*args, use_required_attribute=False, **kwargs)
        self.fields["comparison_order"].choices += [(str(key), words) for key, words in priors]
        if recorded:
            as_recorded = ("", f"As recorded: {TECHNIQUES[recorded]}")
            self.fields["technique"].choices = [as_recorded, *TECHNIQUES.items()]


MANY = ("limits", "nonsegmental", "other")


def form_of(fields, *, priors=(), recorded=""):
    """The form with the fields (a MultiValueDict, as forms/readings.py gives and takes them)."""
    initial = {
        name: fields.getlist(name) if name in MANY else fields.get(name, "")
        for name in WholeLungsForm.base_fields
    }
    return WholeLungsForm(initial=initial, priors=priors, recorded=recorded)
