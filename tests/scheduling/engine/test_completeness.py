"""What a reader still lacks, as one list."""

from scheduling.engine.completeness import Acquired, Facts, missing, needs

BOTH = ("Anterior", "SPECT")


def acquired(kind, state="completed", **facts):
    usual = {"wanted": BOTH, "there": frozenset(BOTH), "has_tracer": True, "given": True, "residual": True}
    return Acquired(kind, state, **{**usual, **facts})


WHOLE = Facts(
    (acquired("ventilation"), acquired("perfusion")),
    xray="seen",
    compares=True,
    rates=frozenset({"first", "total"}),
)


def test_nothing_is_missing_from_a_whole_examination():
    assert missing(WHOLE) == ()
    assert [need.key for need in needs(WHOLE)] == [
        "xray",
        "acquisitions",
        "pictures",
        "doses",
        "residual",
        "rates",
        "answers",
    ]


def test_each_gap_is_a_sentence():
    facts = Facts(
        (
            acquired("ventilation", there=frozenset({"Anterior"}), given=False),
            acquired("perfusion", there=frozenset({"SPECT"}), residual=False),
        ),
        xray="done",
        compares=True,
        rates=frozenset({"first"}),
        unanswered=("breastfeeding", "pregnancy"),
        open_problems=("More views asked for",),
    )
    assert missing(facts) == (
        "Nobody has recorded who looked at the chest X-ray.",
        "No accepted picture: ventilation SPECT, perfusion anterior.",
        "No dose is recorded for ventilation.",
        "The syringe has not been measured.",
        "Not measured: after the second.",
        "Not answered: breastfeeding, pregnancy.",
        "Still open: More views asked for.",
    )


def test_what_was_left_out_is_not_missing():
    facts = Facts(
        (acquired("perfusion"), acquired("ventilation", "cancelled", there=frozenset(), given=False)),
        compares=True,
    )
    assert missing(facts) == ()


def test_what_has_not_ended_is_missing():
    facts = Facts((acquired("ventilation"), acquired("perfusion", "in_progress", there=frozenset())))
    assert missing(facts) == ("Not ended: perfusion.",)


def test_a_site_that_records_neither_doses_nor_pictures_misses_none():
    facts = Facts((Acquired("ventilation", "completed"), Acquired("perfusion", "completed")))
    assert missing(facts) == ()


def test_an_xray_that_is_not_recorded_is_missing():
    assert missing(Facts((acquired("perfusion"),), xray="waiting")) == (
        "No chest X-ray or chest CT is recorded.",
    )
