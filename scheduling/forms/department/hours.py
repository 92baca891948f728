"""The week of a room: opening hours, hours on call, and times kept for urgent patients."""

from scheduling.forms.department import fields
from scheduling.forms.fields import ServiceForm
from scheduling.services.department.hours import WEEKDAYS, Hours, Kept


class WeekForm(ServiceForm):
    """One text of times for each weekday and each of `columns`, from a day on, perhaps to a day."""

    columns = ()

    def __init__(self, data=None, *, initial, starts_on):
        super().__init__(data, initial=initial)
        for number, weekday in enumerate(WEEKDAYS):
            for name, label in self.columns:
                self.fields[f"{name}_{number}"] = fields.Spans(label=f"{weekday}, {label}")
        self.fields["starts_on"] = fields.starts_on(starts_on)
        self.fields["ends_on"] = fields.Day(
            label="Until, this day included",
            required=False,
            help_text="Empty: until further notice. Otherwise what holds now comes back after it.",
        )

    def rows(self):
        """(weekday, its fields) for the table of the page."""
        return [
            (weekday, [self[f"{name}_{number}"] for name, _ in self.columns])
            for number, weekday in enumerate(WEEKDAYS)
        ]

    def period(self):
        return {"starts_on": self.cleaned_data["starts_on"], "ends_on": self.cleaned_data["ends_on"]}

    def _spans(self, name):
        return [
            (number, *span)
            for number in range(len(WEEKDAYS))
            for span in self.cleaned_data[f"{name}_{number}"]
        ]

    def refuse(self, refusal):
        """An overlap stands at its weekday."""
        if "weekday" in refusal.extra:
            name = self.columns[1 if refusal.extra.get("on_call") else 0][0]
            self.add_error(f"{name}_{refusal.extra['weekday']}", refusal.sentence)
        else:
            super().refuse(refusal)


class HoursForm(WeekForm):
    columns = (("open", "open"), ("on_call", "on call"))

    def __init__(self, data=None, *, present, starts_on):
        initial = {}
        for number in range(len(WEEKDAYS)):
            for name, on_call in (("open", False), ("on_call", True)):
                initial[f"{name}_{number}"] = [
                    (each.opens, each.closes)
                    for each in present
                    if (each.weekday, each.on_call) == (number, on_call)
                ]
        super().__init__(data, initial=initial, starts_on=starts_on)

    def hours(self):
        return [
            Hours(*span, on_call=on_call)
            for name, on_call in (("open", False), ("on_call", True))
            for span in self._spans(name)
        ]


class KeptForm(WeekForm):
    columns = (("kept", "kept"),)

    def __init__(self, data=None, *, present, starts_on):
        initial = {
            f"kept_{number}": [(each.starts, each.ends) for each in present if each.weekday == number]
            for number in range(len(WEEKDAYS))
        }
        initial["minutes"] = max((each.open_to_all_minutes_before for each in present), default=120)
        super().__init__(data, initial=initial, starts_on=starts_on)
        self.fields["minutes"] = fields.number("Open to everybody so many minutes before", most=10_080)

    def slots(self):
        return [Kept(*span, self.cleaned_data["minutes"]) for span in self._spans("kept")]
