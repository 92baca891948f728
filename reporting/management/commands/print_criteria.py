from django.core.management.base import BaseCommand

from reporting.engine import probability
from reporting.engine.criteria import TABLES, trinary
from reporting.engine.criteria.facts import EQUIVALENTS
from reporting.engine.findings import Technique
from reporting.engine.schemes import GROUP_LABELS, SCHEMES, group_of, label_of
from reporting.engine.segments import DEFAULT_SEGMENTS, LOBE_PERCENT, LOBES, SEGMENTS

HEAD = """# Criteria

Printed from the tables in `reporting/engine/criteria` by `manage.py print_criteria`; a test keeps this page current.
Cases for each row, with their sources, are in `tests/reporting/engine/cases`: a physician can read and extend them.

The engine suggests, the physician decides. Rows are tried from the first to the last; the first that holds wins, and
a report keeps its key. There is no suggestion from an incomplete map, from pictures of no diagnostic quality, or in a
scheme that does not fit what was done. A category other than the suggested one needs a reason before it is signed.
"""
TECHNIQUES = {Technique.PLANAR: "planar", Technique.SPECT: "SPECT", Technique.SPECT_CT: "SPECT/CT"}
VENTILATION = {True: "with ventilation", False: "without ventilation", None: "with or without ventilation"}


def page():
    """The page docs/criteria.md as text."""
    tables = [_table(key, table) for key, table in TABLES.items()]
    return "\n".join([HEAD, *tables, _trinary(), _segments(), _probability()])


def _table(key, table):
    fit = table.fit
    xray = "with a chest X-ray" if fit.needs_xray else "a chest X-ray is not needed"
    techniques = ", ".join(TECHNIQUES[each] for each in fit.techniques)
    rows = [
        f"| {row.key} | {row.says} | {label_of(key, row.category)} | {GROUP_LABELS[group_of(key, row.category)]} |"
        for row in table.rows
    ]
    decided = [f"- {sentence}" for sentence in table.decided]
    return "\n".join(
        [
            f"## {SCHEMES[key].name} (`{key}`)\n",
            f"Source: {table.source}.",
            f"Offered for: {techniques}; {VENTILATION[fit.ventilation]}; {xray}.\n",
            "| Row | What holds | Category | Means |",
            "| --- | --- | --- | --- |",
            *rows,
            "\nWhere sources differ or are silent:\n",
            *decided,
            "",
        ]
    )


def _trinary():
    terms = [f"- {GROUP_LABELS[group]}: {label_of('TRINARY', key)}" for group, key in trinary.TERMS.items()]
    return "\n".join(
        [
            f"## {SCHEMES['TRINARY'].name} (`TRINARY`)\n",
            f"Source: {trinary.SOURCE}.",
            "It translates the table that fits what was done: PIOPED I for planar pictures with ventilation, EANM for",
            "SPECT with ventilation, modified PIOPED II with X-ray for planar pictures without ventilation. None is",
            "for SPECT without ventilation: the terms stand there without a suggestion.\n",
            *terms,
            "\nWhere a low probability goes, no evidence of PE or nondiagnostic, the department chooses.\n",
        ]
    )


def _segments():
    weights = ", ".join(f"{size} {weight:g}" for size, weight in EQUIVALENTS.items())
    lobes = ", ".join(f"{name.lower()} {LOBE_PERCENT[key]} %" for key, name in LOBES.items())
    rows = [
        f"| {each.code} | {each.name} | {each.zone} | {each.share_percent:.2f} |"
        for each in SEGMENTS[DEFAULT_SEGMENTS]
    ]
    return "\n".join(
        [
            f"## Segments (`{DEFAULT_SEGMENTS}`)\n",
            f"Segment equivalents: {weights}, small none. Lobes (supine CT): {lobes}. A lobe's share is",
            "divided equally among its segments: a proposal, as no measured share of a segment was found.\n",
            "| Code | Segment | Zone | % of both lungs |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _probability():
    rows = [
        f"| {label_of(probability.SCHEME, row.category)} | {row.high} | {row.intermediate} | {row.low}"
        f" | {row.overall} |"
        for row in probability.ROWS
    ]
    bands = ", ".join(f"{level} {band}" for level, band in probability.PRIOR_BANDS.items())
    return "\n".join(
        [
            "## Probability after the scan\n",
            f"Source: {probability.SOURCE}. Percent with pulmonary embolism by the clinical prior that the reader",
            f"chooses ({bands}). Shown beside PIOPED I categories of planar pictures only.",
            "Not compared with the paper yet, for sign-off by a physician, and never written into a report:",
            "intermediate scan with intermediate prior, and normal scan by prior.\n",
            "| Scan | High prior | Intermediate | Low | All |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


class Command(BaseCommand):
    help = "Print docs/criteria.md: the decision tables with their sources."

    def handle(self, **options):
        self.stdout.write(page(), ending="")
