"""The pages' English is for a reading age of twelve: short sentences of short words."""

import re
from pathlib import Path

TEMPLATES = Path(__file__).parents[4] / "templates" / "patient"
SENTENCE = re.compile(r'{% translate "([^"]+)" %}|{% blocktranslate[^%]*%}(.+?){% endblocktranslate %}', re.S)
# What the page itself explains, or what every patient has been told before.
KNOWN = {
    "appointment",
    "radioactive",
    "radiation",
    "perfusion",
    "ventilation",
    "technologist",
    "pulmonary",
    "embolism",
}


def sentences():
    for template in sorted(TEMPLATES.rglob("*")):
        if template.is_file():
            for found in SENTENCE.finditer(template.read_text()):
                text = re.sub(r"{{[^}]*}}|{%[^%]*%}|<[^>]+>", " it ", found[1] or found[2])
                yield from (each.strip() for each in re.split(r"(?<=[.?!:])\s", text) if each.strip())


def syllables(word):
    """Groups of vowels, a silent e at the end left out: good for a mean, not for a single word."""
    groups = len(re.findall(r"[aeiouy]+", word))
    return max(1, groups - (word.endswith("e") and not word.endswith("le") and groups > 1))


def words(text):
    return [each for each in re.findall(r"[a-z']+", text.lower()) if each not in KNOWN]


def grade(texts):
    """Flesch-Kincaid: years of school; twelve years of age is the sixth."""
    all_words = [word for text in texts for word in words(text)]
    return 0.39 * len(all_words) / len(texts) + 11.8 * sum(map(syllables, all_words)) / len(all_words) - 15.59


def test_the_measure_knows_hard_words_from_plain_ones():
    hard = ["Administration of radiopharmaceuticals necessitates prior verification of contraindications."]
    assert grade(["The cat sat on the mat."]) < 2
    assert grade(hard) > 12


def test_all_pages_together_are_for_a_twelve_year_old():
    # Labels of one or two words would make it look easier than it is.
    found = [each for each in sentences() if len(words(each)) >= 6]
    assert len(found) > 80
    assert grade(found) <= 6


def test_no_sentence_is_longer_than_24_words():
    assert [each for each in sentences() if len(words(each)) > 24] == []
