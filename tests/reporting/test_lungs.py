"""The drawings of the lungs, and the mark of each segment."""

import math
import re
from xml.dom.minidom import parseString

import pytest

from reporting.engine.findings import Reading, Study, Technique, parse
from reporting.engine.segments import SEGMENTS
from reporting.lungs import MARKS, figures, marks_of, segment_svg
from reporting.lungs.drawing import GLYPHS, THEMES
from reporting.lungs.shapes import SIDES_SHOWN, VIEWS

CODES = [segment.code for segment in SEGMENTS["SEG18"]]
NORMAL = {"perfusion": "normal", "ventilation": "normal", "xray": "clear"}
PLANAR = Study(Technique.PLANAR, ventilation_done=True, xray_known=True)
POINT = re.compile(r"(-?\d+\.?\d*)[ ]?(-?\d+\.?\d*)")


def of(**segments):
    return parse({"segments": {code.replace("_", "+"): values for code, values in segments.items()}})


def points(path):
    return [(float(x), float(y)) for x, y in POINT.findall(path)]


class TestShapes:
    def test_every_segment_is_seen_in_at_least_two_views(self):
        for code in CODES:
            assert sum(code in view.regions for view in VIEWS.values()) >= 2, code

    def test_no_view_has_a_segment_that_the_scheme_does_not_have(self):
        assert {code for view in VIEWS.values() for code in view.regions} == set(CODES)

    @pytest.mark.parametrize("key", VIEWS)
    def test_every_line_lies_within_the_view(self, key):
        view = VIEWS[key]
        drawn = [view.outline, view.fissures, *(region.path for region in view.regions.values())]
        for x, y in [point for path in drawn for point in points(path)]:
            assert 0 <= x <= view.width
            assert 0 <= y <= view.height

    @pytest.mark.parametrize("key", VIEWS)
    def test_no_two_numbers_of_a_view_stand_in_one_place(self, key):
        places = [(region.x, region.y) for region in VIEWS[key].regions.values()]
        gaps = [math.dist(a, b) for n, a in enumerate(places) for b in places[n + 1 :]]
        assert min(gaps) > 12

    @pytest.mark.parametrize("key", ["anterior", "rao", "lao"])
    def test_from_the_front_the_right_lung_stands_on_the_left_of_the_picture(self, key):
        assert SIDES_SHOWN[key] == "RL"
        assert _middle(key, "R") < _middle(key, "L")

    @pytest.mark.parametrize("key", ["posterior", "rpo", "lpo"])
    def test_from_behind_the_left_lung_stands_on_the_left_of_the_picture(self, key):
        assert SIDES_SHOWN[key] == "LR"
        assert _middle(key, "L") < _middle(key, "R")

    @pytest.mark.parametrize(("key", "side"), [("right_lateral", "R"), ("left_lateral", "L")])
    def test_a_lateral_view_has_its_own_lung_only(self, key, side):
        assert {code[0] for code in VIEWS[key].regions} == {side}

    def test_the_upper_lobe_stands_above_the_lower_in_every_view(self):
        for view in VIEWS.values():
            for upper, lower in [("RB1", "RB9"), ("RB1", "RB10"), ("LB1+2", "LB9"), ("LB1+2", "LB10")]:
                if {upper, lower} <= view.regions.keys():
                    assert view.regions[upper].y < view.regions[lower].y

    def test_the_middle_lobe_and_lingula_are_seen_from_the_front_and_not_from_behind(self):
        front = {"RB4", "RB5", "LB4", "LB5"}
        assert front <= VIEWS["anterior"].regions.keys()
        assert not front & VIEWS["posterior"].regions.keys()


def _middle(key, side):
    places = [region.x for code, region in VIEWS[key].regions.items() if code[0] == side]
    return sum(places) / len(places)


class TestMarks:
    def test_a_defect_with_good_ventilation_and_a_clear_x_ray_is_a_mismatch(self):
        found = marks_of(of(RB9={"perfusion": "large", "ventilation": "normal", "xray": "clear"}), PLANAR)
        assert found["RB9"] == "mismatch"

    @pytest.mark.parametrize(
        ("perfusion", "ventilation", "xray", "mark"),
        [
            ("large", "matched", "clear", "match"),
            ("small", "worse", "clear", "match"),
            ("moderate", "matched", "equal", "triple"),
            ("moderate", "worse", "larger", "triple"),
            ("large", "normal", "equal", "lesion"),
            ("normal", "matched", "clear", "ventilation"),
            ("normal", "smaller", "clear", "ventilation"),
            ("normal", "normal", "larger", "lesion"),
            ("normal", "normal", "clear", ""),
            ("", "", "", ""),
        ],
    )
    def test_marks(self, perfusion, ventilation, xray, mark):
        found = of(LB5={"perfusion": perfusion, "ventilation": ventilation, "xray": xray})
        assert marks_of(found, PLANAR)["LB5"] == mark

    def test_without_ventilation_a_defect_as_large_as_the_lesion_is_a_match(self):
        study = Study(Technique.PLANAR, ventilation_done=False, xray_known=True)
        found = marks_of(of(RB2={"perfusion": "large", "xray": "equal"}), study)
        assert found["RB2"] == "match"

    def test_every_segment_has_an_entry_and_every_mark_a_drawing_and_words(self):
        assert list(marks_of(Reading())) == CODES
        assert MARKS.keys() == GLYPHS.keys()


class TestSvg:
    @pytest.mark.parametrize("theme", ["screen", *THEMES])
    @pytest.mark.parametrize("key", VIEWS)
    def test_each_view_is_well_formed_and_has_an_area_for_each_segment_it_shows(self, key, theme):
        segments = {code.replace("+", "_"): NORMAL for code in CODES}
        segments["RB9"] = {"perfusion": "large", "ventilation": "normal", "xray": "clear"}
        document = parseString(segment_svg(of(**segments), key, theme, study=PLANAR))  # noqa: S318
        paths = {element.getAttribute("d") for element in document.getElementsByTagName("path")}
        assert {region.path for region in VIEWS[key].regions.values()} <= paths

    def test_a_picture_for_paper_needs_no_stylesheet_and_its_patterns_have_names_of_their_own(self):
        found = of(RB9={"perfusion": "large"}, RB10={"perfusion": "small"})
        front, back = (segment_svg(found, key, "print") for key in ("anterior", "posterior"))
        assert "class=" not in front + back
        assert "style=" not in front + back
        assert not set(re.findall(r' id="([^"]+)"', front)) & set(re.findall(r' id="([^"]+)"', back))
        assert 'fill="url(#print-posterior-small)"' in back

    def test_on_the_screen_it_carries_no_colour_and_no_style(self):
        drawn = segment_svg(of(RB9={"perfusion": "large"}), "posterior")
        assert "style=" not in drawn
        assert not re.search(r'(fill|stroke)="', drawn)
        assert 'data-segment="RB9" data-q="large"' in drawn

    def test_not_assessed_is_drawn_unlike_normal(self):
        untouched, normal = (
            segment_svg(Reading(), "anterior", "print"),
            segment_svg(of(RB1=NORMAL), "anterior", "print"),
        )
        assert untouched != normal
        assert untouched.count("stroke-dasharray") == normal.count("stroke-dasharray") + 1

    def test_figures_come_in_the_order_asked_with_their_titles(self):
        assert [each.title for each in figures(Reading(), ("rpo", "anterior"))] == [
            "Right posterior oblique",
            "Anterior",
        ]
