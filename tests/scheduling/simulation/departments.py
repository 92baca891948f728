"""A small department for the tests of the simulation."""

from scheduling.simulation.reading import parse

SETUP = """
name = "Small"
protocol = "V_THEN_Q technegas"
open_days = ["Mon", "Tue", "Thu"]
hours = "08:00-17:00"

[[rooms]]
name = "X-ray room"
can = ["xray"]

[[rooms]]
name = "Bay"
can = ["prep_bay"]

[[rooms]]
name = "Ventilation room"
can = ["ventilation"]

[[rooms]]
name = "Camera"
can = ["gamma_camera_spect"]
breaks_down_every_days = 1
repair_minutes = 120

[[people]]
name = "Technologist"
count = 2
can = ["technologist_nm", "technologist_xray"]

[[kits]]
step = "perfusion"
ready = "08:00"
lasts_minutes = 360
doses = 12

[requests]
per_weekday = [12, 12, 0, 12, 0, 0, 0]
by_hour = { 8 = 1, 10 = 2, 14 = 1 }
need_xray = 0.5
inpatients = 0.2
flexible = 0.4
wish_hours = [2, 4]
notice_minutes = 60
inpatient_notice_minutes = 30

[[requests.priorities]]
name = "all"
share = 1
within_days = 3

[mishaps]
no_show = 0.1
late_mean_minutes = 0
late_spread_minutes = 15
repeat = 0.1
repeat_minutes = 10
durations = [0.8, 1.0, 1.5]
overtime_limit_minutes = 30

[run]
weeks = 1
warm_up_weeks = 1
seeds = 2
"""


def small(*changes):
    """The set-up with each (old, new) pair of texts exchanged."""
    text = SETUP
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return parse(text)
