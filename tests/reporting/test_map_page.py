"""The map on the report's page: its fields, its table, and what it says without a drawing."""

import re

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import reverse
from hypothesis import given, settings

from reporting.engine.criteria import counts
from reporting.engine.findings import DEFECTS, Reading, Study, Technique, parse
from reporting.engine.segments import SEGMENTS
from reporting.lungs import MARKS, in_words, pictures
from tests.reporting.engine import strategies

CODES = [segment.code for segment in SEGMENTS["SEG18"]]
PLANAR = Study(Technique.PLANAR, ventilation_done=True, xray_known=True)
MISMATCH = {"perfusion": "large", "ventilation": "normal", "xray": "clear"}
FOUND = parse({"segments": {"RB9": MISMATCH, "RB10": {"perfusion": "normal"}}})
KEPT = {"segments": {"RB9": MISMATCH}}


def shown(template, **context):
    load = f'{{% include "reporting/{template}" %}}'
    return Template(load).render(Context({"request": RequestFactory().get("/"), **context}))


class TestTable:
    def test_each_segment_has_a_field_for_each_column_with_a_name_that_is_read_aloud(self):
        page = shown("_map.html", reading=FOUND, study=PLANAR)
        for code in CODES:
            for letter in "qvxws":
                assert f'name="{letter}-{code}"' in page
            assert f'aria-label="Ventilation, {code}"' in page

    def test_what_was_seen_is_chosen_and_the_rest_is_not_assessed(self):
        page = shown("_map.html", reading=FOUND, study=PLANAR)
        chosen = dict(re.findall(r'<select name="([^"]+)"[^>]*>.*?<option value="([^"]*)" selected', page))
        assert {name: value for name, value in chosen.items() if value} == {
            "q-RB9": "large",
            "v-RB9": "normal",
            "x-RB9": "clear",
            "q-RB10": "normal",
        }
        assert len(chosen) == 4 * len(CODES)

    def test_the_table_says_a_mismatch_in_words(self):
        assert "<td data-map-mark>Mismatch</td>" in shown("_map.html", reading=FOUND, study=PLANAR)

    def test_rest_normal_leaves_out_what_was_not_done(self):
        study = Study(Technique.PLANAR, ventilation_done=False, xray_known=True)
        assert 'data-rest="qx"' in shown("_map.html", reading=FOUND, study=study)
        assert 'data-rest="qvx"' in shown("_map.html", reading=FOUND, study=PLANAR)

    def test_the_map_carries_no_style_and_no_script(self):
        page = shown("_map.html", reading=FOUND, study=PLANAR)
        assert not re.search(r"\sstyle=|<script|\son[a-z]+=", page)


class TestMapTableAndCounts:
    """Three ways to say one reading: drawn, as a table, and added up."""

    @settings(strategies.steady, max_examples=40)
    @given(
        kept=strategies.anything,
        study=strategies.studies,
    )
    def test_say_the_same_of_any_reading(self, kept, study):
        found = parse(kept)
        page = shown("_map.html", reading=found, study=study, judged=study)
        drawn = re.findall(r'class="seg" data-segment="([^"]+)" data-q="([^"]*)" data-mark="([^"]*)"', page)
        rows = dict(re.findall(r'<tr data-map-row="([^"]+)"(.*?)</tr>', page, re.DOTALL))
        table = {
            code: re.search(r'name="q-[^>]*>.*?value="([^"]*)" selected', row, re.DOTALL)[1]
            for code, row in rows.items()
        }
        marked = {code: re.search(r"<td data-map-mark>(.*?)</td>", row)[1] for code, row in rows.items()}
        assert {(code, value) for code, value, _ in drawn} == set(table.items())
        assert {(code, MARKS[mark].partition(":")[0] if mark else "") for code, _, mark in drawn} == set(
            marked.items()
        )
        counted = counts(found, study)
        assert tuple(code for code, mark in marked.items() if mark == "Mismatch") == counted.mismatched
        assert tuple(code for code, value in table.items() if value in DEFECTS) == counted.defects
        halves = {"large": 1.0, "moderate": 0.5}
        assert counted.equivalents == sum(halves.get(table[code], 0) for code in counted.mismatched)
        assert set(table) == set(CODES)


class TestToLookAt:
    def test_a_kept_map_is_a_picture_with_its_words_and_a_table(self):
        page = shown("_map_read.html", kept=KEPT)
        assert "RB9 large defect, mismatch" in page
        assert "<td>Large</td><td>Normal</td><td>Clear</td><td>Mismatch</td>" in page

    def test_several_maps_of_a_page_have_the_patterns_once(self):
        twice = '{% include "reporting/_map_read.html" %}{% include "reporting/_map_read.html" %}'
        page = Template(twice).render(Context({"request": RequestFactory().get("/"), "kept": KEPT}))
        assert page.count('id="seg-large"') == 1
        assert page.count("<figure") == 4

    @pytest.mark.parametrize(
        "kept", [{}, {"quality": "good"}, {"segments": {"RB99": {}}}, {"made": "elsewhere"}]
    )
    def test_a_reading_without_a_map_or_by_rules_no_longer_known_shows_none(self, kept):
        assert "<svg" not in shown("_map_read.html", kept=kept)


class TestWords:
    def test_defects_are_named_and_what_is_open_is_counted(self):
        said = in_words(FOUND, PLANAR)
        assert said == "Perfusion of the segments: RB9 large defect, mismatch; 16 segments not assessed."

    def test_an_untouched_map_is_not_called_normal(self):
        assert in_words(Reading()) == "Perfusion of the segments: nothing assessed."

    def test_a_normal_map_says_so(self):
        normal = parse({"segments": {code: {"perfusion": "normal"} for code in CODES}})
        assert in_words(normal) == "Perfusion of the segments: no perfusion defect."

    def test_pictures_for_paper_have_names_and_words_and_none_come_without_a_map(self):
        front, back = pictures(FOUND, ("anterior", "posterior"), study=PLANAR)
        assert (front.name, back.name) == ("Anterior", "Posterior")
        assert "RB9 large defect" not in front.alt
        assert "RB9 large defect, mismatch" in back.alt
        assert back.svg.startswith("<svg")
        assert pictures(Reading(), ("anterior",)) == []


class TestSaved:
    def test_whatever_is_not_assessed_can_be_made_normal_without_javascript(self, page_of, order, attending):
        browser = page_of(attending)
        sent = {
            "version": 1,
            "scheme": "MOD_PIOPED_II",
            "reading": "SEG18",
            "q-RB9": "large",
            "rest_normal": "qvx",
        }
        browser.post(reverse("reporting:draft", args=[order.pk]), sent)
        order.refresh_from_db()
        kept = order.report.reading["segments"]
        assert kept["RB9"] == {"perfusion": "large", "ventilation": "normal", "xray": "clear"}
        assert kept["LB10"] == {"perfusion": "normal", "ventilation": "normal", "xray": "clear"}

    def test_the_page_has_the_map_with_what_is_saved(self, page_of, order, attending):
        browser = page_of(attending)
        url = reverse("reporting:draft", args=[order.pk])
        browser.post(url, {"version": 1, "scheme": "MOD_PIOPED_II", "reading": "SEG18", "q-LB6": "moderate"})
        page = browser.get(reverse("reporting:report", args=[order.pk])).content.decode()
        assert 'data-segment="LB6" data-q="moderate"' in page
        assert page.count("<figure") == 8
