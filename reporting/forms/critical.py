"""The call about a critical result: whom, how, when, what, and that it was read back."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django import forms

from reporting.engine.critical import FAILURES, METHODS, Method, Telling
from reporting.services import critical
from reporting.services.critical.recipients import WARD
from reporting.services.critical.telling import LONGEST
from scheduling.forms.fields import PersonChoice, ServiceForm, TimeInput

OTHER = "other"
LONGEST_NAME = 80


class TellerChoice(PersonChoice):
    def label_from_instance(self, user):
        return user.name


class CallForm(ServiceForm):
    """One form for the call, whatever comes of it: the button pressed says whether somebody was told."""

    whom = forms.ChoiceField(label="Whom", widget=forms.RadioSelect, required=False)
    name = forms.CharField(
        label="Their name",
        max_length=LONGEST_NAME,
        required=False,
        help_text="For a ward, or somebody else.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    method = forms.ChoiceField(
        label="How",
        choices=[(str(key), label) for key, label in METHODS.items()],
        widget=forms.RadioSelect,
        initial=Method.PHONE,
        required=False,
    )
    time = forms.TimeField(
        label="When",
        required=False,
        help_text="Empty: now.",
        widget=TimeInput(),
        error_messages={"invalid": "Enter a time, such as 14:05, or leave it empty for now."},
    )
    finding = forms.CharField(
        label="What you say",
        max_length=LONGEST["finding"],
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    read_back = forms.BooleanField(label="It was read back to me", required=False)
    note = forms.CharField(
        label="Note",
        max_length=LONGEST["note"],
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    seen = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    def __init__(self, data=None, *, order, lines, now):
        self.order, self.now = order, now
        self.recipients = critical.recipients(order)
        super().__init__(data, initial=_initial(self.recipients, lines))
        self.fields["whom"].choices = [
            *((str(at), each.name) for at, each in enumerate(self.recipients)),
            (OTHER, "Somebody else"),
        ]
        self.fields["told_by"] = TellerChoice(
            critical.who_may_tell(order),
            label="Who told it",
            empty_label="I did",
            required=False,
        )

    def telling(self):
        """The engine's Telling of a valid form."""
        given = self.cleaned_data
        return Telling(
            told_to=self.told_to(),
            method=given["method"],
            told_at=self._told_at(),
            finding=given["finding"],
            read_back=given["read_back"],
        )

    def told_to(self):
        """The name of who was reached, or is to be; of a ward only where a person is named."""
        chosen, name = self._chosen(), self.cleaned_data["name"].strip()
        if chosen is None:
            return name
        if chosen.role == WARD:
            return f"{name}, {chosen.name}" if name else ""
        return name or chosen.name

    def tried(self):
        """Whom an attempt was to reach: a ward that does not answer has no name."""
        chosen = self._chosen()
        return self.told_to() or (chosen.name if chosen else "")

    def _chosen(self):
        said = self.cleaned_data["whom"]
        return self.recipients[int(said)] if said.isdecimal() else None

    def _told_at(self):
        """The last time before now at which the site's clock showed this."""
        clock = self.cleaned_data["time"]
        if clock is None:
            return self.now
        zone = ZoneInfo(self.order.site.time_zone)
        local = self.now.astimezone(zone)
        moments = [
            datetime.combine(local.date() - timedelta(days=days), clock, zone).replace(fold=fold)
            for days in (0, 1)
            for fold in (1, 0)
        ]
        return next(moment for moment in moments if moment <= self.now)

    def seen_results(self):
        """Ids of the results that the page showed as open."""
        return [
            int(each) for each in self.cleaned_data["seen"].split(",") if each.isdecimal() and len(each) < 19
        ]

    def refuse(self, refusal):
        """The service names its own fields; here they have those of the page."""
        names = {"told_to": "name", "whom": "name", "told_at": "time"}
        for field, sentences in refusal.fields.items():
            for sentence in sentences:
                self.add_error(
                    names.get(field, field) if names.get(field, field) in self.fields else None, sentence
                )
        if not refusal.fields:
            self.add_error(None, refusal.sentence)


def _initial(recipients, lines):
    still_open = [line.result for line in lines if line.result.is_open]
    must = next((line.must_tell for line in lines if line.result.is_open), "")
    first = next((at for at, each in enumerate(recipients) if each.name == must), 0 if recipients else OTHER)
    return {
        "whom": str(first),
        "method": Method.PHONE,
        "finding": " ".join(
            f"{result.finding}." if result.finding[-1] != "." else result.finding for result in still_open
        ),
        "seen": ",".join(str(result.pk) for result in still_open),
    }


class AttemptForm(CallForm):
    """The same form, sent by a button that says why nobody was told."""

    outcome = forms.ChoiceField(
        choices=[(str(key), label) for key, label in FAILURES.items()],
        error_messages={"required": "Say what came of it.", "invalid_choice": "Say what came of it."},
    )


class WithdrawalForm(ServiceForm):
    reason = forms.CharField(
        label="Why nobody has to be told",
        max_length=LONGEST["reason"],
        error_messages={"required": "Say why nobody has to be told."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
