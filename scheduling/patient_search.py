"""Finding a patient by what somebody types: a number, a name in any script, a date of birth. Reads only."""

from django.db import connection, transaction
from django.db.models import Case, F, Func, IntegerField, Q, TextField, Value, When
from django.db.models.fields import BooleanField, FloatField
from django.db.models.functions import Greatest

from scheduling.engine import birthdays
from scheduling.models import FormerNumber, Patient

MOST = 50
MOST_WORDS = 6
LONGEST_WORD = 40
# Below this two words are strangers: "Moreno" finds "Morena" but not "Martin".
ALIKE = 0.4
# A shorter word has too few neighbours to be compared by them: it begins a word of the name.
SHORTEST_ALIKE = 3
TRANSPOSED = 0.9
DIGRAPHS = (("ae", "a"), ("oe", "o"), ("ue", "u"))


class Plain(Func):
    """A text as names are compared: without accents, in small letters, signs as spaces."""

    function = "scheduling_plain"
    output_field = TextField()

    def __init__(self, text):
        super().__init__(Value(text, output_field=TextField()))


class Likeness(Func):
    """How much a word is like one of the name, 0 to 1."""

    function = "word_similarity"
    output_field = FloatField()


class Alike(Func):
    """Whether it is more than the set threshold; its index is used."""

    template = "%(expressions)s"
    arg_joiner = " <%% "
    output_field = BooleanField()


def newest(by, *, count=15):
    """The patients registered last at this person's site."""
    return Patient.objects.for_user(by).live().order_by("-pk")[:count]


def find(text, *, by, most=MOST):
    """At most `most` patients of this person's site as a list, the likest first.

    A date finds that birthday; a number, or a word with digits, every MRN that begins with it, and who had such
    a number before; names match without accents, in any order of words, and with small mistakes. A name beside a
    date must fit it too. Nothing typed finds nobody.
    """
    typed = " ".join(text.replace("\x00", "").split())
    if not typed:
        return []
    days, rest = birthdays.read(typed)
    words = _words(rest)
    if not (days or words):
        return []
    with transaction.atomic():
        _set_threshold()
        found = _matching(by, days, words, typed.replace(" ", ""))
        return list(found.order_by("rank", "-score", "family_name", "given_name", "pk")[:most])


def with_number(mrn, *, by):
    """Of those whom `find` finds by a number, the ones whose present or former MRN begins with it."""
    had = set(_had_before(by, "".join(mrn.split())))
    return [row for row in find(mrn, by=by) if row.pk in had or row.mrn.lower().startswith(mrn.lower())]


def _words(text):
    words = [each for each in text.replace(",", " ").split() if any(map(str.isalnum, each))]
    return [each[:LONGEST_WORD] for each in words[:MOST_WORDS]]


def _set_threshold():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL pg_trgm.word_similarity_threshold = %s", [ALIKE])


def _matching(by, days, words, number):
    which = Q(*[_has(word) for word in words]) if words else Q()
    if days:
        which &= Q(born_on__in=days)
    if any(each.isdecimal() for each in number):
        which |= Q(mrn__istartswith=number) | Q(pk__in=_had_before(by, number))
    score = sum((_score(word) for word in words), Value(0.0))
    return (
        Patient.objects.for_user(by)
        .live()
        .filter(which)
        .alias(rank=_number_first(number), score=score + _whole(words))
    )


def _had_before(by, number):
    """Ids of those with such a number in the past, as a list: a subquery beside OR would cost the indexes."""
    former = FormerNumber.objects.for_user(by).filter(mrn__istartswith=number)
    return list(former.values_list("patient_id", flat=True)[:MOST])


def spellings(word):
    """The word, without its digraphs ("mueller" is "müller"), and with two neighbours in each other's place."""
    small = word.casefold()
    swapped = [
        small[:at] + small[at + 1] + small[at] + small[at + 2 :]
        for at in range(len(small) - 1)
        if small[at] != small[at + 1]
    ]
    folded = small
    for pair, letter in DIGRAPHS:
        folded = folded.replace(pair, letter)
    return dict.fromkeys([small, folded, *(swapped if len(small) >= SHORTEST_ALIKE else ())])


def _has(word):
    """The word stands in the name, begins a word of it, or is much like one."""
    exact, *others = spellings(word)
    which = Q(Contains(F("search_name"), " ", exact, ""))
    if not exact.isascii() or len(exact) >= SHORTEST_ALIKE:
        which |= Q(Contains(F("search_name"), "", exact, ""))
    if len(exact) >= SHORTEST_ALIKE:
        which |= Q(Alike(Plain(exact), F("search_name")))
    for other in others:
        which |= Q(Contains(F("search_name"), " ", other, " "))
    return which


class Contains(Func):
    """Whether the plain word stands in a text, after and before what is given; its index is used."""

    template = "%(expressions)s"
    arg_joiner = " LIKE "
    output_field = BooleanField()

    def __init__(self, text, before, word, after):
        super().__init__(text, Pattern(before, word, after))


class Pattern(Func):
    """%, before, the plain word, after, %. What LIKE would read as its own signs is a letter here."""

    template = "('%%%%' || %(expressions)s || '%%%%')"
    arg_joiner = " || "
    output_field = TextField()

    def __init__(self, before, word, after):
        letters = word.replace("\\", " ").replace("%", "\\%").replace("_", " ")
        super().__init__(Value(before), Plain(letters), Value(after))


def _score(word):
    exact, *others = spellings(word)
    likeness = Likeness(Plain(exact), F("search_name"))
    if not others:
        return likeness
    swapped = Q()
    for other in others:
        swapped |= Q(Contains(F("search_name"), " ", other, " "))
    return Greatest(
        likeness,
        Case(When(swapped, then=Value(TRANSPOSED)), default=Value(0.0), output_field=FloatField()),
    )


def _whole(words):
    """Of two names that hold the words, the one with the fewer others comes first."""
    typed = " ".join(words)
    return Func(Plain(typed), F("search_name"), function="similarity", output_field=FloatField())


def _number_first(number):
    return Case(
        When(mrn__iexact=number, then=Value(0)),
        When(mrn__istartswith=number, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
