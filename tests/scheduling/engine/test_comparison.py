"""V/Q or CT angiography: which lines an answer makes relevant, and that each names its source."""

import pytest

from scheduling.engine.comparison import TOPICS, relevant
from scheduling.engine.questions import QUESTIONS


@pytest.mark.parametrize(
    ("answers", "indication", "keys"),
    [
        ({}, "", []),
        ({"renal_failure": "no", "pregnancy": "unknown"}, "R06.02", []),
        ({"renal_failure": "yes"}, "", ["renal_failure"]),
        ({}, "N18.4", ["renal_failure"]),
        ({}, "N17.9", ["renal_failure"]),
        ({"contrast_allergy": "yes"}, "", ["contrast_allergy"]),
        ({}, "Z91.041", ["contrast_allergy"]),
        ({"pregnancy": "possible"}, "", ["pregnancy"]),
        ({"pregnancy": "cannot_be"}, "", []),
        ({}, "O88.213", ["pregnancy"]),
        ({"chest_xray": "abnormal"}, "", ["abnormal_xray"]),
        ({"chest_xray": "normal"}, "", ["normal_xray"]),
        ({"chest_xray": "none"}, "", []),
        ({"unstable": "yes", "renal_failure": "yes"}, "", ["unstable", "renal_failure"]),
    ],
)
def test_a_topic_is_relevant_by_an_answer_or_by_the_indication(answers, indication, keys):
    assert [topic.key for topic in relevant(answers, indication)] == keys


def test_every_topic_says_both_sides_and_its_source():
    choices = {question.key: dict(question.choices) for question in QUESTIONS}
    for topic in TOPICS:
        assert topic.title
        assert topic.vq.endswith(".")
        assert topic.ctpa.endswith(".")
        assert topic.source
        assert set(topic.when) <= set(choices.get(topic.question, topic.when))
