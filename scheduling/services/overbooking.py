"""What is asked of somebody who takes rooms and people twice."""

from vqflow.errors import Invalid

FEWEST_WORDS, FEWEST_LETTERS = 2, 8
SENTENCE = (
    "Say in a few words why rooms and people are to be taken twice, such as “Haemodynamically unstable”."
)


def reason_of(text):
    """The reason without blanks around it; Invalid where it says nothing: whoever reads the day has to understand."""
    reason = " ".join(text.split())
    if len(reason.split()) < FEWEST_WORDS or sum(each.isalpha() for each in reason) < FEWEST_LETTERS:
        raise Invalid(SENTENCE, fields={"overbook_reason": [SENTENCE]})
    return reason
