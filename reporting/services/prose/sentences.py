"""The sentences of a report, by the keys of engine/prose and engine/next_steps. Each is whole in every language."""

from django.utils.translation import pgettext_lazy

SENTENCES = {
    "study.planar_vq": pgettext_lazy("report", "Planar ventilation and perfusion scan."),
    "study.planar_q": pgettext_lazy("report", "Planar perfusion scan without ventilation."),
    "study.spect_vq": pgettext_lazy("report", "Ventilation and perfusion SPECT."),
    "study.spect_q": pgettext_lazy("report", "Perfusion SPECT without ventilation."),
    "study.spect_ct_vq": pgettext_lazy("report", "Ventilation and perfusion SPECT/CT."),
    "study.spect_ct_q": pgettext_lazy("report", "Perfusion SPECT/CT without ventilation."),
    "study.no_xray": pgettext_lazy("report", "No chest X-ray was available."),
    "quality.good": pgettext_lazy("report", "The quality of the pictures is good."),
    "quality.limited": pgettext_lazy("report", "The quality of the pictures is limited."),
    "quality.nondiagnostic": pgettext_lazy(
        "report", "The quality of the pictures is not sufficient for a diagnosis."
    ),
    "limits": pgettext_lazy("report", "Limits: %(limits)s."),
    "perfusion.normal": pgettext_lazy("report", "Perfusion is normal in all segments."),
    "perfusion.near_normal": pgettext_lazy("report", "Perfusion is near normal as a whole."),
    "perfusion.rest_normal": pgettext_lazy("report", "Perfusion of the other segments is normal."),
    "perfusion.not_assessed": pgettext_lazy("report", "Perfusion not assessed: %(where)s."),
    "defects": pgettext_lazy("report", "%(defect)s: %(where)s."),
    "defects.ventilation": pgettext_lazy("report", "%(defect)s, %(ventilation)s: %(where)s."),
    "shape.wedge": pgettext_lazy("report", "Wedge-shaped and based at the pleura: %(where)s."),
    "shape.other": pgettext_lazy("report", "Not wedge-shaped: %(where)s."),
    "stripe": pgettext_lazy("report", "Stripe sign, a perfused rim at the pleura: %(where)s."),
    "nonsegmental": pgettext_lazy("report", "Nonsegmental perfusion changes: %(causes)s."),
    "ventilation.normal": pgettext_lazy("report", "Ventilation is normal in all segments."),
    "ventilation.alone": pgettext_lazy("report", "Ventilation reduced where perfusion is normal: %(where)s."),
    "ventilation.not_done": pgettext_lazy("report", "Ventilation not done: %(where)s."),
    "xray.clear": pgettext_lazy("report", "The chest X-ray is clear in all segments."),
    "xray.clear_there": pgettext_lazy("report", "The chest X-ray is clear where perfusion is reduced."),
    "xray.smaller": pgettext_lazy(
        "report", "Chest X-ray lesion smaller than the perfusion defect: %(where)s."
    ),
    "xray.equal": pgettext_lazy("report", "Chest X-ray lesion as large as the perfusion defect: %(where)s."),
    "xray.larger": pgettext_lazy("report", "Chest X-ray lesion larger than the perfusion defect: %(where)s."),
    "xray.alone": pgettext_lazy("report", "Chest X-ray lesion where perfusion is normal: %(where)s."),
    "effusion.none": pgettext_lazy("report", "No pleural effusion."),
    "effusion.right_small": pgettext_lazy("report", "Small right pleural effusion."),
    "effusion.right_large": pgettext_lazy(
        "report", "Right pleural effusion of a third of the cavity or more."
    ),
    "effusion.left_small": pgettext_lazy("report", "Small left pleural effusion."),
    "effusion.left_large": pgettext_lazy("report", "Left pleural effusion of a third of the cavity or more."),
    "mismatch.none": pgettext_lazy("report", "No mismatched perfusion defect."),
    "mismatch.sum": pgettext_lazy(
        "report",
        "Mismatched perfusion defects add up to %(equivalents)s segment equivalents, about %(percent)s"
        " %% of the lung volume.",
    ),
    "cteph.yes": pgettext_lazy("report", "The pattern suggests chronic thromboembolic pulmonary disease."),
    "cteph.no": pgettext_lazy("report", "No pattern of chronic thromboembolic pulmonary disease."),
    "other": pgettext_lazy("report", "Other findings: %(findings)s."),
    "share.perfusion": pgettext_lazy("report", "Share of perfusion: %(shares)s."),
    "share.ventilation": pgettext_lazy("report", "Share of ventilation: %(shares)s."),
    "comparison.unchanged": pgettext_lazy("report", "Compared with the earlier examination: unchanged."),
    "comparison.better": pgettext_lazy("report", "Compared with the earlier examination: better."),
    "comparison.worse": pgettext_lazy("report", "Compared with the earlier examination: worse."),
    "comparison.new": pgettext_lazy("report", "Compared with the earlier examination: new findings."),
    "comparison.unchanged_since": pgettext_lazy(
        "report", "Compared with the examination of %(day)s: unchanged."
    ),
    "comparison.better_since": pgettext_lazy("report", "Compared with the examination of %(day)s: better."),
    "comparison.worse_since": pgettext_lazy("report", "Compared with the examination of %(day)s: worse."),
    "comparison.new_since": pgettext_lazy(
        "report", "Compared with the examination of %(day)s: new findings."
    ),
    "impression.plain": pgettext_lazy("report", "%(term)s."),
    "impression.by_scheme": pgettext_lazy("report", "%(term)s (%(scheme)s)."),
    "probability.low": pgettext_lazy(
        "report",
        "With a low clinical probability, PIOPED found pulmonary embolism in %(percent)s %% of such scans.",
    ),
    "probability.intermediate": pgettext_lazy(
        "report",
        "With an intermediate clinical probability, PIOPED found pulmonary embolism in %(percent)s %% of such scans.",
    ),
    "probability.high": pgettext_lazy(
        "report",
        "With a high clinical probability, PIOPED found pulmonary embolism in %(percent)s %% of such scans.",
    ),
    "confidence.low": pgettext_lazy("report", "Confidence of the reader: low."),
    "confidence.intermediate": pgettext_lazy("report", "Confidence of the reader: intermediate."),
    "confidence.high": pgettext_lazy("report", "Confidence of the reader: high."),
    "next.no_imaging": pgettext_lazy("report", "No further imaging for pulmonary embolism is needed."),
    "next.discuss_ctpa": pgettext_lazy(
        "report", "As the clinical probability is high, discuss CT pulmonary angiography."
    ),
    "next.low_and_low": pgettext_lazy(
        "report", "With the low clinical probability, pulmonary embolism is unlikely."
    ),
    "next.low_and_high": pgettext_lazy(
        "report",
        "With the high clinical probability, pulmonary embolism is not excluded: CT pulmonary"
        " angiography or ultrasound of the leg veins.",
    ),
    "next.low": pgettext_lazy(
        "report",
        "This result excludes pulmonary embolism only together with a low clinical probability;"
        " otherwise CT pulmonary angiography or ultrasound of the leg veins.",
    ),
    "next.ctpa_or_ultrasound": pgettext_lazy(
        "report",
        "CT pulmonary angiography, or compression ultrasound of the leg veins, repeated if negative.",
    ),
    "next.not_alone": pgettext_lazy("report", "Treatment should not rest on this scan alone."),
    "next.treat": pgettext_lazy("report", "Treatment, unless there is a contraindication."),
    "next.confirm": pgettext_lazy(
        "report", "As the clinical probability is low, confirm with a second test before treatment."
    ),
    "next.cteph": pgettext_lazy(
        "report", "Referral to a centre for pulmonary hypertension, with pulmonary angiography."
    ),
}
