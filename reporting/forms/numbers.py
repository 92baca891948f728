"""Which cases the numbers are of, as it stands in the address of the page."""

from datetime import date, timedelta

from django import forms

from reporting.numbers.choice import Choice
from reporting.numbers.words import PROTOCOLS
from scheduling.models import Agent, PatientClass, Protocol
from vqflow import policy

PERIODS = {"30": "Last 30 days", "90": "Last 90 days", "365": "Last 12 months", "own": "From day to day"}
USUAL = "90"
LONGEST_OF_ALL_SITES = 92
EARLIEST = date(2000, 1, 1)


def _day(label):
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


class ChoiceForm(forms.Form):
    """`choice()` after `is_valid()`. `site`: the reader's own; `today`: its local day."""

    period = forms.ChoiceField(label="Period", choices=list(PERIODS.items()), required=False)
    first = _day("From")
    last = _day("To")
    protocol = forms.ChoiceField(label="Protocol", required=False)
    agent = forms.ChoiceField(
        label="Agent",
        required=False,
        choices=[("", "All"), *((key, label) for key, label in Agent.choices if key)],
    )
    patient_class = forms.ChoiceField(
        label="Patients", required=False, choices=[("", "All"), *PatientClass.choices]
    )
    site = forms.ChoiceField(label="Site", required=False)

    def __init__(self, data, *, site, user, today):
        self.asked, self.of_site, self.today = data, site, today
        super().__init__(self._shown(data))
        keys = sorted(set(Protocol.objects.filter(site=site).values_list("key", flat=True)))
        self.fields["protocol"].choices = [("", "All"), *((key, PROTOCOLS.get(key, key)) for key in keys)]
        self.fields["site"].choices = [("", site.name)]
        if policy.allows(user, "numbers.all_sites"):
            self.fields["site"].choices.append(("all", "All sites together"))

    def _shown(self, data):
        """The address, with the period that is meant where it names none, and the days of that period."""
        values = {name: data[name] for name in self.base_fields if name in data}
        values.setdefault("period", "own" if data.get("first") or data.get("last") else USUAL)
        if values["period"] in PERIODS and values["period"] != "own":
            first = self.today - timedelta(days=int(values["period"]) - 1)
            values |= {"first": first.isoformat(), "last": self.today.isoformat()}
        return values

    def clean(self):
        found = super().clean()
        if not self.errors:
            found["days"] = self._days(found)
        return found

    def _days(self, found):
        first, last = found.get("first"), found.get("last")
        if not first or not last:
            self.add_error("first" if not first else "last", "Enter both days.")
            return None
        if first > last:
            self.add_error("first", "The first day lies after the last. Exchange them.")
        elif first < EARLIEST:
            self.add_error("first", "There were no examinations then. Enter a later day.")
        elif found.get("site") == "all" and (last - first).days >= LONGEST_OF_ALL_SITES:
            self.add_error(
                "site", f"All sites together are counted for at most {LONGEST_OF_ALL_SITES} days at once."
            )
        return first, last

    def choice(self):
        """The Choice that was asked for; what is wrong is replaced by the usual one."""
        if not self.is_valid():
            return Choice(self.of_site, self.today - timedelta(days=int(USUAL) - 1), self.today)
        found = self.cleaned_data
        first, last = found["days"]
        return Choice(
            self.of_site,
            first,
            last,
            all_sites=found["site"] == "all",
            protocol=found["protocol"],
            agent=found["agent"],
            patient_class=found["patient_class"],
        )

    def address(self):
        """The choice as a query that leads to it again, without what is not chosen."""
        days = ("first", "last") if self.data.get("period") == "own" else ()
        names = ("period", *days, "protocol", "agent", "patient_class", "site")
        return {name: self.asked[name] for name in names if self.asked.get(name)}
