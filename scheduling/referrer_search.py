"""Finding a referrer in the directory by what somebody types. Reads only."""

from collections import Counter

from django.db.models import BooleanField, F, Func, Q, TextField, Value
from django.db.models.functions import Concat

from scheduling.models import Order, Referrer
from scheduling.patient_search import Contains, Likeness, Plain, spellings

MOST = 8
MOST_WORDS = 6
RECENT_ORDERS = 200
ALIKE = 0.4


class PlainText(Func):
    function = "scheduling_plain"
    output_field = TextField()


def find(text, *, by, most=MOST, with_inactive=False):
    """At most `most` referrers whose name or place has every word, or one much like it; nothing typed finds nobody."""
    words = [
        each for each in text.replace("\x00", "").replace(",", " ").split() if any(map(str.isalnum, each))
    ]
    if not words:
        return []
    rows = Referrer.objects.for_user(by).alias(
        plain=PlainText(Concat(Value(" "), "name", Value(" "), "place", Value(" "), output_field=TextField()))
    )
    if not with_inactive:
        rows = rows.filter(is_active=True)
    likeness = Value(0.0)
    for at, word in enumerate(words[:MOST_WORDS]):
        rows = rows.alias(**{f"alike_{at}": Likeness(Plain(word), F("plain"))})
        rows = rows.filter(_has(word, at))
        likeness = likeness + F(f"alike_{at}")
    return list(rows.alias(likeness=likeness).order_by("-likeness", "name", "pk")[:most])


def _has(word, at):
    which = Q(Contains(F("plain"), "", word, "")) | Q(_Alike(F(f"alike_{at}")))
    for other in spellings(word):
        which |= Q(Contains(F("plain"), " ", other, " "))
    return which


class _Alike(Func):
    template = f"(%(expressions)s >= {ALIKE})"
    output_field = BooleanField()


def usual(by, *, most=5):
    """Who ordered most of late: the first to be offered."""
    orders = Order.objects.for_user(by).order_by("-ordered_at").values_list("referrer_id", flat=True)
    often = [pk for pk, _ in Counter(orders[:RECENT_ORDERS]).most_common(most)]
    known = Referrer.objects.for_user(by).filter(is_active=True, pk__in=often).in_bulk()
    return [known[pk] for pk in often if pk in known]
