"""What keeps a patient waiting: what each reason holds back, when it is due, and the usual ways it ends."""

from collections.abc import Collection

LATE, NO_IV, REFUSED, PREGNANT = "late", "no_iv", "refused", "pregnant"
NO_DOSE, CAMERA, UNWELL, MORE_VIEWS, OTHER = "no_dose", "camera", "unwell", "more_views", "other"
INTERRUPTED = "interrupted"

# Nothing radioactive is prepared, and no X-ray is taken, before these are settled.
HOLDS_EVERYTHING = frozenset({REFUSED, PREGNANT, UNWELL, INTERRUPTED, OTHER})
# The patient can be X-rayed and the dose be cleared meanwhile; no acquisition of the lungs begins.
HOLDS_LUNGS = HOLDS_EVERYTHING | {NO_IV, NO_DOSE, CAMERA}

WORDS = {
    LATE: "the patient is late",
    NO_IV: "there is no IV access",
    REFUSED: "the patient refuses",
    PREGNANT: "the patient may be pregnant",
    NO_DOSE: "the dose is missing",
    CAMERA: "the camera is down",
    UNWELL: "the patient is unwell",
    MORE_VIEWS: "more views are asked for",
    INTERRUPTED: "the examination is interrupted",
    OTHER: "a problem is open",
}
DUE_MINUTES = {
    LATE: 15,
    NO_IV: 15,
    REFUSED: 15,
    PREGNANT: 30,
    NO_DOSE: 30,
    CAMERA: 30,
    UNWELL: 15,
    MORE_VIEWS: 15,
    INTERRUPTED: 15,
}
USUALLY_DUE_MINUTES = 30
OUTCOMES = {
    LATE: ("The patient is here.",),
    NO_IV: ("IV access is there.",),
    REFUSED: ("The patient agrees now.",),
    PREGNANT: ("Pregnancy is excluded.", "A physician decided to go on."),
    NO_DOSE: ("The dose is here.",),
    CAMERA: ("The camera works again.", "Another camera is used."),
    UNWELL: ("The patient is well enough.",),
    MORE_VIEWS: ("The views are taken.",),
    INTERRUPTED: ("The examination goes on.",),
    OTHER: ("Solved.",),
}


def why_held(pending: Collection[str], holding: Collection[str]) -> str | None:
    """The sentence of the first open problem among those that hold this back, or None."""
    reason = next((each for each in pending if each in holding), None)
    return None if reason is None else f"Pending, because {WORDS[reason]}. Close the problem first."


def due_minutes(reason: str) -> int:
    """How soon somebody should have seen to it, unless told otherwise. Usual practice, for local sign-off."""
    return DUE_MINUTES.get(reason, USUALLY_DUE_MINUTES)
