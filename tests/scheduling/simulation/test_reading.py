from pathlib import Path

import pytest

from scheduling.simulation import reading
from scheduling.simulation.entries import SetupError
from tests.scheduling.simulation.departments import SETUP, small

EXAMPLES = sorted(Path(reading.__file__).with_name("setups").glob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_that_is_shipped_can_be_read(path):
    assert reading.load(path).units


def test_the_second_camera_is_all_that_differs_between_the_examples():
    one, two = (reading.load(path) for path in EXAMPLES)
    assert (one.demand, one.mishaps, one.run, one.kits) == (two.demand, two.mishaps, two.run, two.kits)
    assert {unit.name for unit in two.units} - {unit.name for unit in one.units} == {
        "Gamma camera 1",
        "Gamma camera 2",
    }


def test_a_room_has_the_hours_of_the_department_or_its_own():
    setup = small(('name = "Bay"', 'name = "Bay"\nhours = "09:00-12:00 13:00-16:00"'))
    spans = {unit.name: unit.spans for unit in setup.units}
    assert spans["Bay"] == ((540, 720), (780, 960))
    assert spans["Camera"] == ((480, 1020),)


MISTAKES = [
    ('name = "Small"', "", "name is missing. Add it."),
    ('name = "Small"', "name = 3", "name must be a name in quotes."),
    ('"V_THEN_Q technegas"', '"V_THEN_Q helium"', "protocol must be one of V_THEN_Q technegas,"),
    ('"08:00-17:00"', '"8-17"', 'hours must be a time of the day, as in "08:00".'),
    ('"08:00-17:00"', '"17:00-08:00"', "hours must end after it begins; 17:00-08:00 does not."),
    ('"08:00-17:00"', '"08:00-12:00 11:00-17:00"', "hours must be hours in order"),
    ('name = "Bay"', 'name = "Camera"', "Two rooms or people are called Camera."),
    ('can = ["gamma_camera_spect"]', 'can = "spect"', "rooms[4].can must be a list of words in quotes."),
    ('can = ["gamma_camera_spect"]', 'can = ["ct"]', "No room or person can gamma_camera_spect, which"),
    (
        'name = "Bay"',
        'name = "Bay"\nroom = 1',
        "rooms[2].room is not an entry of a set-up; known here are name,",
    ),
    ("repair_minutes = 120", "", "rooms[4].repair_minutes is missing. Add it."),
    ("count = 2", "count = 2.5", "people[1].count must be a whole number from 1 to 50."),
    ('step = "perfusion"', 'step = "xray"', "kits[1].step must be one of ventilation, perfusion."),
    ("[12, 12, 0, 12, 0, 0, 0]", "[12]", "requests.per_weekday must be a list of 7 numbers."),
    ("{ 8 = 1,", "{ 24 = 1,", 'requests.by_hour must give a weight to hours "0" to "23".'),
    ("need_xray = 0.5", "need_xray = 50", "requests.need_xray must be a number from 0 to 1."),
    ("share = 1", "share = 0.9", "The shares of requests.priorities must add up to 1."),
    ("[0.8, 1.0, 1.5]", "[1.5, 1.0, 0.8]", "mishaps.durations must be the least,"),
    ("[run]", "[runs]", "run is missing. Add it."),
    ("[run]", "[run", "This is not valid TOML."),
]


@pytest.mark.parametrize(("old", "new", "sentence"), MISTAKES, ids=[mistake[2][:40] for mistake in MISTAKES])
def test_a_mistake_is_told_in_one_sentence_that_names_the_entry(tmp_path, old, new, sentence):
    assert old in SETUP
    path = tmp_path / "mine.toml"
    path.write_text(SETUP.replace(old, new, 1))
    with pytest.raises(SetupError) as refusal:
        reading.load(path)
    assert str(refusal.value).startswith(f"{path}: {sentence}")
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there_is_told_in_one_sentence(tmp_path):
    with pytest.raises(SetupError, match=r"cannot be read: No such file or directory\. Name a set-up file\."):
        reading.load(tmp_path / "none.toml")
