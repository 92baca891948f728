"""What a version says, in lines that a reader compares: the map in its scheme's order, whatever order it is kept in."""

from types import SimpleNamespace

from reporting.services import said
from tests.reporting.engine.maps import CODES

NORMAL = {"xray": "clear", "perfusion": "normal", "ventilation": "normal"}
DEFECT = {"xray": "equal", "wedge": True, "perfusion": "large", "ventilation": "matched"}


def lines(kept):
    content = SimpleNamespace(
        scheme="TEN_TERMS",
        category="",
        reading=kept,
        findings="",
        impression="",
        next_step="",
        override_reason="",
    )
    return said.parts(content).get("Segments and signs", "").split("\n")


def test_segments_without_a_defect_stand_together_and_each_defect_by_itself():
    kept = dict.fromkeys(reversed(CODES), NORMAL) | {"LB10": DEFECT, "RB9": DEFECT}
    words = "perfusion large, ventilation matched, X-ray equal, wedge yes"
    rest = [code for code in CODES if code not in ("LB10", "RB9")]
    assert lines({"segments": kept, "quality": "good", "cteph": False}) == [
        f"{', '.join(rest)}: perfusion normal, ventilation normal, X-ray clear",
        f"RB9: {words}",
        f"LB10: {words}",
        "CTEPH: no",
        "quality: good",
    ]


def test_what_a_newer_vocabulary_says_is_shown_as_it_is():
    assert lines({"segments": {"RB99": {"texture": "odd", "perfusion": "none_at_all"}}}) == [
        "RB99: perfusion none at all, texture odd"
    ]
