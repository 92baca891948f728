"""Any reading that a form or an interface could send, as JSON."""

from itertools import product

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from reporting.engine.differential import REGIONS
from reporting.engine.findings import LIMITS, NONSEGMENTAL, OTHER_FINDINGS, Study, Technique
from tests.reporting.engine.maps import CODES, NORMAL

steady = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine too

PERFUSION = ["normal", "small", "moderate", "large"]
DEFECT = PERFUSION[1:]
VENTILATION = ["normal", "smaller", "matched", "worse"]
XRAY = ["clear", "smaller", "equal", "larger"]
NOTE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)


def keys(known):
    return st.lists(st.sampled_from(list(known)), unique=True, max_size=3)


def every(**values):
    """One of all the dictionaries with these values: a single draw, so that a map is made fast."""
    return st.sampled_from([dict(zip(values, each, strict=True)) for each in product(*values.values())])


BOTH = [False, True]
defects = every(perfusion=DEFECT, ventilation=VENTILATION, xray=XRAY, wedge=BOTH, stripe=BOTH)
spared = every(perfusion=["normal"], ventilation=["normal", "worse"], xray=["clear", "clear", "larger"])


@st.composite
def complete(draw, most_defects=6):
    """A whole map without contradictions, most segments normal: any table can judge it."""
    segments = {code: dict(NORMAL) for code in CODES}
    segments |= draw(st.dictionaries(st.sampled_from(CODES), spared, max_size=2))
    segments |= draw(st.dictionaries(st.sampled_from(CODES), defects, max_size=most_defects))
    rare = st.sampled_from(
        [[], [], [], ["cardiomegaly"], ["other"], ["enlarged_hilum", "linear_atelectasis"]]
    )
    side = st.sampled_from(["", "none", "none", "small", "large"])
    return {
        "segments": segments,
        "nonsegmental": draw(rare),
        "effusion": {"right": draw(side), "left": draw(side)},
        "near_normal": draw(st.sampled_from([False, False, False, True])),
    }


segment = every(
    perfusion=["", *PERFUSION],
    ventilation=["", *VENTILATION, "not_done"],
    xray=["", *XRAY],
    wedge=[None, *BOTH],
    stripe=BOTH,
)
studies = st.builds(Study, st.sampled_from(list(Technique)), st.booleans(), st.booleans())
level = st.sampled_from(["", "low", "intermediate", "high"])


@st.composite
def measured(draw):
    by = draw(st.sampled_from(list(REGIONS)))
    counts = st.fixed_dictionaries(
        {"anterior": st.integers(1, 10**6), "posterior": st.integers(0, 10**6)},
    )
    regions = {key: draw(counts) for key in REGIONS[by]}
    regions[next(iter(regions))]["posterior"] = draw(st.integers(1, 10**6))
    return {"by": by, "regions": regions}


anything = st.fixed_dictionaries(
    {},
    optional={
        "segments": st.dictionaries(st.sampled_from(CODES), segment),
        "nonsegmental": keys(NONSEGMENTAL),
        "effusion": st.fixed_dictionaries(
            {}, optional={side: st.sampled_from(["", "none", "small", "large"]) for side in ("right", "left")}
        ),
        "near_normal": st.booleans(),
        "quality": st.sampled_from(["", "good", "limited", "nondiagnostic"]),
        "limits": keys(LIMITS),
        "limits_note": NOTE,
        "cteph": st.none() | st.booleans(),
        "other": keys(OTHER_FINDINGS),
        "other_note": NOTE,
        "differential": st.fixed_dictionaries(
            {}, optional={"perfusion": measured(), "ventilation": measured()}
        ),
        "comparison": st.fixed_dictionaries(
            {},
            optional={
                "prior_order": st.none() | st.integers(0, 2**40),
                "change": st.sampled_from(["", "unchanged", "better", "worse", "new"]),
                "note": NOTE,
            },
        ),
        "confidence": level,
        "prior": level,
    },
)
