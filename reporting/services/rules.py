"""What a department chooses for its reports."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction

from reporting.engine.criteria import Options, offered
from reporting.engine.schemes import DEFAULT_SCHEME, SCHEMES, Group
from reporting.models import ReportingRules
from scheduling.models import Site
from vqflow import audit, policy
from vqflow.errors import Invalid
from vqflow.statements import Compiled

FIELDS = (
    "offered_schemes",
    "low_in_trinary",
    "high_from_equivalents",
    "language",
    "critical_terms",
    "critical_findings",
    "tell_within",
    "escalate_after",
    "double_reading_percent",
)
MOST_STEPS = 3
LONGEST = timedelta(hours=24)
FARTHEST_MINUTES = 24 * 60


def of(site):
    """The site's rules; the defaults, unsaved, where it has chosen nothing."""
    return _RULES.first(site=site.pk) or ReportingRules(site=site)


_RULES = Compiled(lambda site: ReportingRules.objects.filter(site_id=site), site=-1)


def options(rules):
    """What the decision tables take from the rules."""
    return Options(Group(rules.low_in_trinary), Decimal(rules.high_from_equivalents))


def schemes_for(rules, study):
    """Keys of the schemes that the department offers and that fit what was done."""
    return offered(study, rules.offered_schemes)


def default_scheme(site):
    """The key of the scheme that a report begins with."""
    return site.default_scheme if site.default_scheme in SCHEMES else DEFAULT_SCHEME


@transaction.atomic
def change(site, *, by, now, default_scheme=None, **values):
    """Other rules for what is read from now on, some of FIELDS; reports that are signed stay as they are.

    Raises Invalid at the field. What stays the same leaves no trace.
    """
    policy.permit(by, "department.manage")
    site = Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    rules = of(site)
    before = _values(site, rules)
    _fill(site, rules, default_scheme, values)
    _check(site, rules)
    after = _values(site, rules)
    changed = [name for name in after if before[name] != after[name]]
    if changed:
        _save(site, rules, changed)
        audit.record(
            "reporting_rules.changed",
            site,
            by=by,
            changed={name: [before[name], after[name]] for name in changed},
        )
    return of(site)


def _fill(site, rules, scheme, values):
    assert set(values) <= set(FIELDS), "a name that is no rule"
    if scheme is not None:
        site.default_scheme = scheme
    for name, value in values.items():
        setattr(rules, name, value)
    rules.escalate_after = sorted(set(rules.escalate_after))


def _save(site, rules, changed):
    if "default_scheme" in changed:
        site.save(update_fields=["default_scheme"])
    if mine := [name for name in changed if name in FIELDS]:
        # The first row begins with the defaults, so that the history has the first change too.
        ReportingRules.objects.get_or_create(site=site)
        ReportingRules.objects.filter(site=site).update(**{name: getattr(rules, name) for name in mine})


def _values(site, rules):
    """Plain values, as the audit keeps them."""
    found = {name: _plain(getattr(rules, name)) for name in FIELDS}
    return {"default_scheme": site.default_scheme, **found}


def _plain(value):
    if isinstance(value, timedelta):
        return int(value.total_seconds() // 60)
    return str(Decimal(value).normalize()) if isinstance(value, Decimal) else value


def _check(site, rules):
    """Raise Invalid with a sentence at every field that cannot be right."""
    faults = {
        "default_scheme": _why_not_default(site, rules),
        **{name: _why_not_chosen(rules, name) for name in FIELDS},
        "tell_within": None if timedelta(0) < rules.tell_within <= LONGEST else "Enter 1 minute to 24 hours.",
        "escalate_after": _why_not_steps(rules.escalate_after),
        "double_reading_percent": None
        if 0 <= rules.double_reading_percent <= 100
        else "Enter 0 to 100 percent.",
    }
    if found := {name: [sentence] for name, sentence in faults.items() if sentence}:
        raise Invalid("These rules cannot be right.", fields=found)


def _why_not_default(site, rules):
    if site.default_scheme not in SCHEMES:
        return "Choose one of the schemes."
    if rules.offered_schemes and site.default_scheme not in rules.offered_schemes:
        return "The default is not among the schemes offered. Offer it, or choose another default."
    return None


def _why_not_chosen(rules, name):
    """Where the field has choices, every value is one of them."""
    field = rules._meta.get_field(name)
    several = hasattr(field, "base_field")
    known = dict((field.base_field if several else field).flatchoices)
    values = getattr(rules, name) if several else [getattr(rules, name)]
    if known and not all(value in known for value in values):
        return "Choose from the list."
    if known and several and len(set(values)) < len(values):
        return "Choose each once."
    return None


def _why_not_steps(minutes):
    if len(minutes) > MOST_STEPS:
        return f"At most {MOST_STEPS} times."
    if not all(0 < each <= FARTHEST_MINUTES for each in minutes):
        return "Enter minutes from 1 to 1440."
    return None
