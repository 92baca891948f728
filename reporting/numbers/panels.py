"""All panels, in the order in which they are shown, each with what it counts in words."""

from collections.abc import Mapping
from types import MappingProxyType

from reporting.numbers import doses, house, results, times
from reporting.numbers.values import Panel

SECTIONS: Mapping[str, str] = MappingProxyType(
    {"times": "Times", "results": "Results", "visits": "Visits and rooms", "doses": "Pictures and doses"}
)

ALL = (
    Panel(
        "order-to-scan",
        "Order to scan",
        "times",
        "From the time of the order to the first inhalation or injection, of examinations that were performed. "
        "Within the target: no longer than the site's target for the order's priority, as the target is today. "
        "A time beyond 10 hours is rounded down to a quarter of an hour in the median.",
        times.order_to_scan,
    ),
    Panel(
        "scan-to-report",
        "Scan to report",
        "times",
        "From the end of the last lung picture to the first final signature; addenda and amendments do not count "
        "again. Within the target: no longer than the site's target for the order's priority, as it is today. "
        "What is not signed yet is not in the shares; it is counted beside them.",
        times.scan_to_report,
    ),
    Panel(
        "xray-delays",
        "Delays made by the X-ray",
        "times",
        "The part of a late start that the chest X-ray made: the scan began after its planned time, and at that "
        "time the X-ray had not been over for the site's shortest gap yet. Counted from 5 minutes on. Overridden: "
        "planned outside the X-ray's window by a physician's decision.",
        times.xray_delays,
    ),
    Panel(
        "between",
        "Between the two parts",
        "times",
        "From the end of the first lung acquisition to the start of the second, where both were on one day: "
        "ventilation to perfusion, or the other way round where perfusion comes first. Below zero: acquired "
        "together.",
        times.between,
    ),
    Panel(
        "categories",
        "Results",
        "results",
        "Reports that stand (final or amended) by the term of their newest version. A term exists only inside its "
        "scheme: schemes are not compared term by term, only by the three groups. Could not tell: intermediate, "
        "indeterminate and nondiagnostic. The chest X-ray as the reader recorded it.",
        results.categories,
    ),
    Panel(
        "agreement",
        "Agreement of readers",
        "results",
        "A share of the final reports, chosen by chance, is read again by another physician who does not see the "
        "first report. Kappa (Cohen) is the agreement beyond chance with its 95 % interval: 1 is perfect, 0 is what "
        "chance alone gives. Days are those of the second reading.",
        results.agreements,
    ),
    Panel(
        "overrides",
        "Overridden suggestions",
        "results",
        "Reports that stand whose newest version has another term than the scheme's criteria suggested, of those "
        "with a suggestion. No suggestion: no map, or one that was not complete.",
        results.overrides,
    ),
    Panel(
        "critical",
        "Critical results in time",
        "results",
        "Results that could not wait, from the moment when one was first identified to the moment when somebody who "
        "can act was told and had read it back; in time: within the site's limit as it was then. Several of one "
        "report count once, by the last that was told. What is overdue and told to nobody is late; withdrawn ones and "
        "those whose time is not over yet are not in the share.",
        results.critical,
    ),
    Panel(
        "no-shows",
        "Patients who did not come",
        "visits",
        "Visits that ended as missed, of all that ended as missed or performed; cancelled ones are not counted. By "
        "what had reached the patient before: reminders sent by mail or text message, or the patient's own "
        "confirmation. None possible: no consent, no address, or an inpatient.",
        house.no_shows,
    ),
    Panel(
        "utilisation",
        "Rooms and people",
        "visits",
        "Minutes that patients' visits took (with set-up and clearance for rooms) within the open hours of a room or "
        "the shift of a person, closures and public holidays taken off, of all such minutes. What was given back "
        "by a cancelled or missed visit does not count as taken.",
        house.utilisation,
        by_day_only=True,
    ),
    Panel(
        "repeats",
        "Pictures taken again",
        "doses",
        "Examinations in which at least one picture was taken again, of those whose pictures are on record; skipped "
        "views are not pictures.",
        doses.repeats,
    ),
    Panel(
        "waste",
        "Tracer not used",
        "doses",
        "Activity that was supplied and not given, each at its own moment: a batch at its calibration, a discarded "
        "dose and what was left in a syringe when measured. Left unused: what no patient's dose had claimed when "
        "the batch expired. By the day on which the batch expired.",
        doses.waste,
        by_day_only=True,
    ),
    Panel(
        "activity",
        "Administered activity",
        "doses",
        "Activity at the moment of injection or inhalation, without what was left in the syringe; extra injections "
        "are added. Beside the reference: the value that 3 of 4 patients do not exceed, against the published range. "
        "Below and above range: against the range that held for this patient when the dose was measured.",
        doses.activity,
    ),
)

BY_KEY: Mapping[str, Panel] = MappingProxyType({panel.key: panel for panel in ALL})
