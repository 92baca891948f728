"""Catalogues of translations: sentences are found in the sources, kept in .po files, compiled to .mo with Babel.

    python -m vqflow.catalogues compile    the .mo that are missing or older than their .po (they are not kept in git)
    python -m vqflow.catalogues messages   new sentences into every .po, those that nobody says any more out of it

Neither needs settings, a database or the system's gettext. Every marked sentence is one that patients read, or the
prose of a report in the department's language: what only staff read is plain English and is not marked.
"""

import ast
import os
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

PROJECT = Path(__file__).resolve().parent.parent
APPS = ("vqflow", "scheduling", "reporting")
TEMPLATES = PROJECT / "templates"
CATALOGUES = "*/locale/*/LC_MESSAGES/django.po"
FOLDER = PROJECT / "scheduling" / "locale"
REPORTS = PROJECT / "reporting" / "locale"
REPORT = "report"  # the context of every sentence of a report's prose
PYTHON = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
# templatize() leaves calls and blanks out the rest of a template.
_CALL = re.compile(r"""\b(_|n?p?gettext)\(((?:\s*u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*,?)+)""")


def files():
    """The .po files, in order."""
    return sorted(PROJECT.glob(CATALOGUES))


def language_of(path):
    """de, zh_Hans: the folder that a catalogue lies in."""
    return path.parent.parent.name


def read(path):
    with path.open("rb") as file:
        return read_po(file, locale=language_of(path))


def compiled(path):
    """Where the .mo of a .po lies, whether it is there or not."""
    return path.with_suffix(".mo")


def missing():
    """The .po files without a .mo."""
    return [path for path in files() if not compiled(path).exists()]


def old():
    """The .po files that have changed since they were compiled."""
    made = [path for path in files() if compiled(path).exists()]
    return [path for path in made if compiled(path).stat().st_mtime < path.stat().st_mtime]


def compile_all():
    """Compile what is missing or old; returns those .po files. Several processes may do it at once."""
    behind = [*missing(), *old()]
    for path in behind:
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
            write_mo(part, read(path))
        os.chmod(part.name, 0o644)  # read by the application's own user
        os.replace(part.name, compiled(path))
    return behind


def sentences(folder=FOLDER):
    """What the sources mark for the catalogues in this folder: {(context or None, msgid)}, msgid a str or a pair.

    The prose of reports, by its context, has catalogues of its own; all the rest is for patients.
    """
    of_reports = folder == REPORTS
    return {key for path in _sources() for key in in_file(path) if (key[0] == REPORT) == of_reports}


def _sources():
    modules = (path for app in APPS for path in sorted((PROJECT / app).rglob("*.py")))
    yield from (path for path in modules if "migrations" not in path.parts)
    yield from (path for path in sorted(TEMPLATES.rglob("*")) if path.suffix in (".html", ".txt"))


def in_file(path):
    """The marked sentences of one module or template."""
    if path.suffix == ".py":
        found = extract_from_file("python", str(path), keywords=PYTHON)
        return [
            (context, tuple(msgid) if isinstance(msgid, list) else msgid) for _, msgid, _, context in found
        ]
    return in_template(path.read_text(encoding="utf-8"))


def in_template(text):
    """The marked sentences of a template's text."""
    return [
        _key(call[1], ast.literal_eval(f"({call[2]},)".replace(",,", ",")))
        for call in _CALL.finditer(templatize(text))
    ]


def _key(function, texts):
    context = texts[0] if "p" in function else None
    own = texts[1:] if "p" in function else texts
    return context, (own[0], own[1]) if function.startswith("n") else own[0]


def update(folder=FOLDER, target=None):
    """Bring every catalogue of this folder (or its copies in `target`) to what the sources say.

    Returns {language: sentences that still have no translation}.
    """
    said, left = sentences(folder), {}
    for path in sorted((target or folder).glob("*/LC_MESSAGES/django.po")):
        before, after = read(path), _empty(language_of(path), HEADERS[folder])
        for context, msgid in sorted(said, key=lambda key: (str(key[1]), key[0] or "")):
            known = before.get(msgid if isinstance(msgid, str) else msgid[0], context)
            after.add(msgid, known.string if known else "", context=context)
        with path.open("wb") as file:
            write_po(file, after, width=110, omit_header=False)
        left[language_of(path)] = [
            message.id for message in after if message.id and not _is_complete(message)
        ]
    return left


def _empty(language, header):
    found = Catalog(
        locale=language,
        project="VQFlow",
        version="1",
        msgid_bugs_address="see README.md",
        last_translator="for sign-off by a native speaker",
        language_team=language,
        charset="utf-8",
        fuzzy=False,
        header_comment=header,
    )
    # A date in the header would change every file with every run.
    found.creation_date = found.revision_date = datetime(2026, 11, 22, tzinfo=UTC)
    return found


BROUGHT_IN = "Sentences are brought in by `make messages`; see docs/languages.md."
HEADERS = {FOLDER: f"# What patients read. {BROUGHT_IN}", REPORTS: f"# What reports say. {BROUGHT_IN}"}


def _is_complete(message):
    return all(message.string) if isinstance(message.string, tuple) else bool(message.string)


def main(arguments):
    if arguments == ["compile"]:
        compile_all()
        return 0
    if arguments == ["messages"]:
        for folder in (FOLDER, REPORTS):
            for language, left in update(folder).items():
                sys.stdout.write(f"{folder.parent.name}, {language}: {len(left)} to translate\n")
                sys.stdout.writelines(f"    {sentence}\n" for sentence in left)
        compile_all()
        return 0
    sys.stderr.write(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
