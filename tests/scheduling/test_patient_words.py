"""Nothing that patients read is left in the sources unmarked, and what anyone may see says nothing in any language."""

import ast
import re

import pytest

from scheduling import letters
from scheduling.telling import telling_words
from vqflow import catalogues

FOLDER = catalogues.PROJECT
MAILS_TO_REFERRERS = {kind.value for kind in letters.TO_REFERRER}
TEMPLATES = [
    path
    for path in [*(FOLDER / "templates/patient").rglob("*.html"), *(FOLDER / "templates/email").rglob("*.*")]
    if path.suffix in (".html", ".txt")
    and path.stem != "notice"
    and path.parent.name not in MAILS_TO_REFERRERS
]
MODULES = [
    *(FOLDER / "scheduling/views/patient").glob("*.py"),
    *(FOLDER / "scheduling/services/self_service").glob("*.py"),
    *(FOLDER / "scheduling/letters").glob("*.py"),
    *(FOLDER / "scheduling/paper").glob("*.py"),
    *(FOLDER / "scheduling/services/links").glob("*.py"),
    FOLDER / "scheduling/sms_texts.py",
    FOLDER / "scheduling/forms/birthday.py",
]
# Said to staff, or to programs.
TO_STAFF = {"scheduling/paper/__init__.py", "scheduling/paper/labels.py"}
TO_OTHERS = {
    "There is no address for this message.",
    "Answered by the patient at home.",
    "List-Unsubscribe=One-Click is missing.",
    "This link has ended.",
    "No more reminders.",
}
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext"}
# Seen by anyone who opens a mailed link, before the date of birth is given.
BEFORE_UNLOCKING = [
    "base.html",
    "_help.html",
    "_call.html",
    "_languages.html",
    "_ended_name.html",
    "_leave.html",
    "_phone.html",
    "ended.html",
    "fault.html",
    "left.html",
    "other_link.html",
    "refused.html",
    "stop.html",
    "unlock.html",
]
SEEN_TAG = re.compile(
    r"{%-?\s*(translate|trans)\s.*?%}|{%\s*blocktrans(late)?\b.*?{%\s*endblocktrans(late)?\s*%}", re.DOTALL
)
HIDDEN = re.compile(
    r"{#.*?#}|{%\s*comment\b.*?{%\s*endcomment\s*%}|{%.*?%}|{{.*?}}|<style.*?</style>|<!--.*?-->", re.DOTALL
)
ATTRIBUTE = re.compile(r"""\s(?:aria-label|title|alt|placeholder)=(?:"([^"]*)"|'([^']*)')""")


def unmarked(template):
    """The words that stand in a template as they are."""
    bare = HIDDEN.sub(" ", SEEN_TAG.sub(" ", template))
    spoken = [" ".join(each) for each in ATTRIBUTE.findall(bare)]
    return re.findall(r"[^\W\d_]{2,}", " ".join([re.sub(r"<[^>]*>", " ", bare), *spoken]))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(FOLDER / "templates")))
def test_every_word_of_a_template_for_patients_is_in_the_catalogues(path):
    text = path.read_text().replace("&nbsp;", " ")
    assert unmarked(text) == []
    # The clerks' months and days are English.
    shown = " ".join(re.findall(r"{{.*?}}|{%\s*blocktrans.*?%}", text))
    assert (
        re.findall(
            r"\|(?:at|at_named|date_at|day_at|long_day_at|day|duration|late_by|waited|date(?!:'Y-m-d'))\b",
            shown,
        )
        == []
    )


def test_an_unmarked_word_would_be_found():
    assert unmarked("<p title='Now'>{% translate \"Yes\" %} Hello {{ name }}</p>") == ["Hello", "Now"]


def sentences(module):
    """Text in a module that reads like a sentence and is not marked: no docstring, no argument of gettext."""
    tree = ast.parse(module.read_text())
    excused = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in MARKS:
            excused |= {id(each) for argument in node.args for each in ast.walk(argument)}
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            excused.add(id(node.value))
    texts = [
        node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return [
        node.value
        for node in texts
        if id(node) not in excused and re.match(r"[A-Z].* .*[.?!:]$", node.value.strip())
    ]


@pytest.mark.parametrize("path", sorted(MODULES), ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_sentence_of_a_module_for_patients_is_marked(path):
    if str(path.relative_to(FOLDER)) not in TO_STAFF:
        assert [each for each in sentences(path) if each.strip() not in TO_OTHERS] == []


def test_what_these_pages_are_made_of_is_looked_at_too():
    texts = [(FOLDER / "templates/patient" / name).read_text() for name in BEFORE_UNLOCKING]
    included = {name for text in texts for name in re.findall(r'include "patient/(\w+\.html)"', text)}
    # No words, and what is shown only to who has given the date of birth.
    assert included - {"_form.html", "_signs.html"} <= set(BEFORE_UNLOCKING)


@pytest.mark.parametrize("name", BEFORE_UNLOCKING)
def test_what_anyone_sees_who_opens_a_link_says_nothing_in_any_language(name):
    said = catalogues.in_file(FOLDER / "templates/patient" / name)
    if name == "_help.html":  # its second half is shown to who has given the date of birth
        said = [key for key in said if "Do not wait" not in key[1]]
    # What brings no visit to mind for somebody else's eyes: why links end, and wrong dates of birth.
    for path in (FOLDER / "scheduling/services/links").glob("*.py"):
        said += catalogues.in_file(path)
    for path in (FOLDER / "scheduling/locale").rglob("*.po"):
        catalogue, language = catalogues.read(path), catalogues.language_of(path).replace("_", "-")
        for context, msgid in said:
            known = catalogue.get(msgid if isinstance(msgid, str) else msgid[0], context)
            for text in known.string if isinstance(known.string, tuple) else (known.string,):
                assert telling_words(text, language) == [], text
    for _, msgid in said:
        assert telling_words(str(msgid), "en") == [], msgid
