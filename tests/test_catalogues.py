"""The catalogues hold every sentence that patients read and every one of a report's prose, in every language, with its
places for values."""

import os
import re
import shutil

import pytest
from django.utils.translation import gettext, pgettext

from scheduling.models import Language
from scheduling.templatetags import words
from vqflow import catalogues
from vqflow.checks import compiled_catalogues

PLACE = re.compile(r"%\((\w+)\)s")
FOLDERS = (catalogues.FOLDER, catalogues.REPORTS)
SAID = {folder: catalogues.sentences(folder) for folder in FOLDERS}


def folder_of(path):
    return next(folder for folder in FOLDERS if folder in path.parents)


@pytest.fixture(scope="module")
def said_to_patients():
    return SAID[catalogues.FOLDER]


@pytest.fixture(
    params=catalogues.files(),
    ids=lambda path: f"{folder_of(path).parent.name}-{catalogues.language_of(path)}",
)
def path(request):
    return request.param


@pytest.fixture
def said(path):
    return SAID[folder_of(path)]


@pytest.fixture
def catalogue(path):
    return catalogues.read(path)


def of(catalogue, key):
    context, msgid = key
    return catalogue.get(msgid if isinstance(msgid, str) else msgid[0], context)


def forms(message):
    return message.string if isinstance(message.string, tuple) else (message.string,)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_there_is_a_catalogue_for_every_language_but_the_one_of_the_sentences(folder):
    found = [catalogues.language_of(path) for path in catalogues.files() if folder in path.parents]
    assert {each.replace("_", "-") for each in found} == {*Language.values} - {"en"}


def test_every_sentence_is_translated(catalogue, said):
    assert [key for key in said if of(catalogue, key) is None or not all(forms(of(catalogue, key)))] == []


def test_a_catalogue_holds_nothing_that_nobody_says(catalogue, said):
    assert [each.id for each in catalogue if each.id and (each.context, each.id) not in said] == []


def test_every_translation_has_the_places_of_its_sentence(catalogue):
    for each in catalogue:
        if each.id:
            asked = {*PLACE.findall(str(each.id))}
            for form in forms(each):
                # "one more" may stand in words, without its figure.
                assert {*PLACE.findall(form)} == asked or (isinstance(each.id, tuple) and len(asked) == 1), (
                    each.id
                )


def test_no_translation_has_a_stray_sign_of_the_format(catalogue):
    for each in catalogue:
        for form in forms(each) if each.id else ():
            assert "%" not in PLACE.sub("", form).replace("%%", ""), form


def test_a_translation_begins_and_ends_as_its_sentence_does(catalogue):
    for each in catalogue:
        for form in forms(each) if each.id else ():
            msgid = each.id if isinstance(each.id, str) else each.id[0]
            assert form == form.strip() or msgid != msgid.strip(), form
            assert msgid.endswith("\n") == form.endswith("\n"), form


def test_sentences_are_found_in_templates_with_their_places_and_contexts():
    text = """{% load i18n %}<p title="{% translate "It's so" %}">{% blocktranslate with clinic=site.name trimmed %}
        Come to {{ clinic }}
        today.{% endblocktranslate %} gettext('not this') {{ _("Yes") }}
        {% blocktranslate count n=3 %}One{% plural %}{{ n }} more{% endblocktranslate %}
        {% translate "May" context "month" %}"""
    assert catalogues.in_template(text) == [
        (None, "It's so"),
        (None, "Come to %(clinic)s today."),
        (None, "Yes"),
        (None, ("One", "%(n)s more")),
        ("month", "May"),
    ]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_the_catalogues_are_up_to_date_with_what_make_writes(tmp_path, folder):
    copies = {
        path: tmp_path / path.relative_to(folder) for path in catalogues.files() if folder in path.parents
    }
    for path, copy in copies.items():
        copy.parent.mkdir(parents=True)
        shutil.copy(path, copy)
    catalogues.update(folder, tmp_path)
    assert [path for path, copy in copies.items() if copy.read_text() != path.read_text()] == [], (
        "run: make messages"
    )


def test_a_missing_or_old_compiled_catalogue_is_told(tmp_path, monkeypatch):
    folder = tmp_path / "scheduling" / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    shutil.copy(next(each for each in catalogues.files() if "/de/" in str(each)), folder)
    monkeypatch.setattr(catalogues, "PROJECT", tmp_path)
    assert [each.id for each in compiled_catalogues(None)] == ["vqflow.E001"]
    assert len(catalogues.compile_all()) == 1
    assert compiled_catalogues(None) == []
    po = folder / "django.po"
    newer = catalogues.compiled(po).stat().st_mtime + 5
    os.utime(po, (newer, newer))
    assert [each.id for each in compiled_catalogues(None)] == ["vqflow.W001"]
    assert catalogues.compile_all() == [po]


def test_what_is_said_is_what_the_catalogue_says_whatever_other_applications_have(catalogue):
    simple = [each for each in catalogue if each.id and isinstance(each.id, str) and each.string]
    with words.in_language(str(catalogue.locale).replace("_", "-")):
        said = [pgettext(each.context, each.id) if each.context else gettext(each.id) for each in simple]
    assert said == [each.string for each in simple]


def syllables(word):
    return max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e\b", "", word.lower()))))


def grade(text):
    """Flesch-Kincaid: 6 is what a child of eleven to twelve reads."""
    sentences = [each for each in re.split(r"[.!?:;](?:\s|$)", text) if each.strip()]
    found = re.findall(r"[A-Za-z']+", text)
    return 0.39 * len(found) / len(sentences) + 11.8 * sum(map(syllables, found)) / len(found) - 15.59


def test_a_child_of_twelve_can_read_everything(said_to_patients):
    texts = [
        re.sub(r"%\(\w+\)s|<[^>]*>", "X", msgid if isinstance(msgid, str) else msgid[1])
        for _, msgid in said_to_patients
    ]
    texts = [text if text[-1] in ".?!:" else f"{text}." for text in texts if text.count(" ") > 3]
    assert grade(" ".join(texts)) < 4
    # Of a few words the figure says little.
    assert [text for text in texts if text.count(" ") > 14 and grade(text) > 8] == []
