"""The figures of the quantitative differential on the page: their fields, and the bars."""

from django.http import QueryDict
from django.template import Context, Template
from django.utils.datastructures import MultiValueDict

from reporting.engine.differential import REGIONS
from reporting.engine.findings import Reading, parse
from reporting.forms import readings

COUNTS = {
    "by": "lung",
    "regions": {"right": {"anterior": 400, "posterior": 900}, "left": {"anterior": 100, "posterior": 400}},
}
ZONES = {
    "by": "zone",
    "regions": {
        key: {"percent": value} for key, value in zip(REGIONS["zone"], (10, 20, 24, 10, 16, 20), strict=True)
    },
}


def shown(kept):
    reading = parse({"differential": kept}) if kept else Reading()
    fields = readings.fields_of({"differential": kept}) if kept else MultiValueDict()
    bars = '{% include "reporting/_shares.html" with found=reading.differential %}'
    page = Template('{% include "reporting/_differential.html" %}' + bars)
    return page.render(Context({"reading": reading, "fields": fields}))


def test_what_is_kept_stands_in_its_fields_and_is_chosen():
    page = shown({"perfusion": COUNTS})
    assert 'name="d-p-lung-right-anterior" value="400"' in page
    assert '<option value="lung" selected>' in page
    assert '<option value="counts" selected>' in page


def test_every_field_has_a_name_of_its_own_and_is_read_back():
    names = [
        f"d-{letter}-{by}-{region}-percent" for letter in "pv" for by in REGIONS for region in REGIONS[by]
    ]
    page = shown(None)
    assert all(page.count(f'name="{name}"') == 1 for name in names)
    sent = QueryDict(
        "reading=SEG18&d-p-by=lung&d-p-as=percent&d-p-lung-right-percent=60&d-p-lung-left-percent=40"
    )
    assert readings.reading_of(sent)[0]["differential"]["perfusion"]["by"] == "lung"


def test_counts_of_both_views_become_bars_by_their_geometric_mean():
    page = shown({"perfusion": COUNTS})
    assert "Right lung 75.0 %" in page
    assert "Left lung 25.0 %" in page
    assert "geometric mean of both views" in page
    assert 'width="90.0"' in page


def test_zones_are_shown_below_the_lungs_that_they_make():
    page = shown({"ventilation": ZONES})
    assert "Ventilation: Right lung 54.0 %, Left lung 46.0 %, Right upper zone 10.0 %" in page
    assert "geometric mean" not in page


def test_without_figures_there_are_no_bars():
    assert "<svg" not in shown(None)
