import json

import pytest

from scheduling.simulation.__main__ import main
from tests.scheduling.simulation.departments import SETUP


@pytest.fixture
def files(tmp_path):
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text(SETUP)
    two.write_text(
        SETUP.replace('"Small"', '"Larger"').replace('name = "Camera"', 'name = "Camera"\ncount = 2')
    )
    return one, two


def arguments(tmp_path, *more):
    run = ["--weeks", "1", "--seeds", "2", "--jobs", "1", "--ranking", "first_fit"]
    return ["--out", str(tmp_path / "out"), *run, *map(str, more)]


def test_one_set_up_prints_a_table_and_writes_numbers_and_a_picture(files, tmp_path, capsys):
    main(arguments(tmp_path, "--setup", files[0]))
    assert "patients scanned per day" in capsys.readouterr().out
    found = json.loads((tmp_path / "out" / "small.json").read_text())
    shown = found["figures"]["patients scanned per day"]
    assert shown["low"] <= shown["mean"] <= shown["high"]
    assert len(found["seeds"]) == 2
    assert (tmp_path / "out" / "small-day.svg").read_text().startswith("<svg")


def test_two_set_ups_are_shown_side_by_side_with_their_difference(files, tmp_path, capsys):
    main(arguments(tmp_path, "--setup", files[0], "--against", files[1]))
    table = capsys.readouterr().out
    heading = next(line for line in table.splitlines() if "difference" in line)
    assert heading.split()[:3] == ["Small", "Larger", "difference"]
    requests = next(line for line in table.splitlines() if line.startswith("requests per day"))
    assert "+0.0  +0.0 to +0.0" in requests, "the same patients come to both"


def test_set_ups_of_other_lengths_are_not_compared(files, tmp_path):
    files[1].write_text(files[1].read_text().replace("warm_up_weeks = 1", "warm_up_weeks = 2"))
    with pytest.raises(SystemExit, match=r"same weeks and seeds only\. Make \[run\] equal\."):
        main(arguments(tmp_path, "--setup", files[0], "--against", files[1]))


def test_a_mistake_in_a_file_ends_with_its_sentence(files, tmp_path):
    files[0].write_text("name = 1")
    with pytest.raises(SystemExit, match=r"hours is missing\. Add it\."):
        main(arguments(tmp_path, "--setup", files[0]))


def test_a_picture_of_a_day_that_is_not_simulated_is_refused(files, tmp_path):
    with pytest.raises(SystemExit, match=r"one of the days 0 to 13\."):
        main(arguments(tmp_path, "--setup", files[0], "--day", "14"))
