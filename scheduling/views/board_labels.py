"""The words on the blocks of the board, as far as there is room for them."""

from unicodedata import east_asian_width

from scheduling.engine.states import StepState
from scheduling.views import board_words as words

# Minutes of a lane that one letter of a label takes where an hour is at its narrowest (static/css/board.css).
CAPITAL, SMALL, WIDE = 5.0, 3.8, 7.2


def names(block, row, minutes):
    """(surname, the rest), as much of them as there is room for."""
    person = block.visit or block.held
    if person is None:
        return "Booked", ""
    room = minutes - (3 if row.is_room else 11)
    surname = _cut(person.family_name, room, CAPITAL)
    if surname != person.family_name:
        return surname, ""
    given = _cut(person.given_name, room - length(surname, CAPITAL) - SMALL, SMALL)
    return surname, f", {given}" if given else ""


def length(text, each):
    return sum(WIDE if east_asian_width(letter) in "WF" else each for letter in text)


def _cut(text, room, each):
    """The text, or as much of it as fits with an ellipsis; nothing where that says nothing."""
    if length(text, each) <= room:
        return text
    shown = text
    while shown and length(shown, each) + SMALL > room:
        shown = shown[:-1]
    return f"{shown}…" if len(shown) > 1 else ""


def later(block, times, minutes):
    """Whose pictures are expected here instead, as far as there is room in so many minutes."""
    if block.step.state == StepState.IN_PROGRESS:
        return ""
    at, room = times(block.step.expected[0]), minutes - 4
    surname = _cut(block.visit.family_name, room - length(at, SMALL) - SMALL, CAPITAL)
    return f"{at} {surname}" if surname else at if length(at, SMALL) <= room else ""


def second(block, minutes, times):
    """The letter of the step, and how it stands where that is out of the ordinary, as far as there is room."""
    room = minutes - 11
    if block.held:
        return _cut("offered" if block.held.is_offer else f"held, {block.held.held_by}", room, SMALL)
    if block.step is None:
        return ""
    kind = words.letter(block.step.kind) if block.scan else "prep"
    told = next(
        (f"{kind} {each}" for each in _states(block, times) if length(f"{kind} {each}", SMALL) <= room), kind
    )
    return told if length(told, SMALL) <= room else told[:1]


def _states(block, times):
    """What is to be said of a block beside its kind, the longest words first."""
    if block.status == "overbooked":
        yield from ("overbooked", "twice")
    elif words.expected_words(block.step, times) and block.scan:
        at = times(block.step.expected[0])
        yield from (words.expected_words(block.step, times), f"exp. {at}", f"→ {at}", f"→{at}")
    elif block.step.late and block.scan:
        yield from (words.over_words(block.step), f"+{block.step.late} min", f"+{block.step.late}")
    elif block.is_closed:
        yield "closed"


def icon(block):
    if block.held:
        return "held"
    if block.status == "overbooked":
        return "overbooked"
    if block.visit is None:
        return ""
    if block.step.late or block.step.delay >= words.SHOWN_DELAY_MINUTES:
        return "overdue"
    return words.STEP_ICONS.get(block.step.state) or words.STATES[block.visit.state][0]
