"""The fonts that come with the project, alone: a server in a container has no others."""

import pytest
import typst

from scheduling import paper as lists
from scheduling.demo.people import CULTURES
from vqflow import paper


@pytest.fixture(autouse=True)
def _no_fonts_of_the_system(monkeypatch):
    own = typst.Fonts(include_system_fonts=False, font_paths=[str(paper.FONTS)])
    monkeypatch.setattr(paper, "_fonts", lambda: own)


def page_with(*names):
    section = {"heading": "", "rows": [["", name, "", "", ""] for name in names]}
    sheet = {"kind": "rooms", "title": "", "day": "", "note": "", "columns": [""] * 5, "sections": [section]}
    return {"title": "Lists", "site": "", "printed": "", "sheets": [sheet]}


@pytest.mark.parametrize("culture", CULTURES, ids=lambda culture: culture.families[0])
def test_every_name_of_the_demonstration_has_its_letters(culture):
    names = [*culture.families, *culture.women, *culture.men]
    assert lists.pdf("sheets", page_with(*names)).startswith(b"%PDF-")


@pytest.mark.parametrize(
    "names", ["渡邉 渡邊 髙橋 﨑 濵 彅 佐々木", "喆 珺 堃 瑀 镕 玥 䶮", "陳 黃 劉 龍", "אברהמי בן־דוד"]
)
def test_rare_letters_of_names_are_there(names):
    assert lists.pdf("sheets", page_with(*names.split())).startswith(b"%PDF-")


def test_every_missing_sign_is_named():
    with pytest.raises(paper.CannotPrint) as refusal:
        lists.pdf("sheets", page_with("a\U000f1234b", "\U000f1235", "c"))
    assert refusal.value.signs == ["\U000f1234", "\U000f1235"]
    assert refusal.value.sentence.startswith("“\U000f1234”, “\U000f1235” cannot be put on paper")
