"""Who has opened a mailed link: kept in a signed cookie of its own, never in a session of the staff.

The cookie holds the number of the link, not its token, and whether the date of birth was right. It ends with the
browser, and an hour after the last page at the latest.
"""

from dataclasses import dataclass, field

from django.conf import settings
from django.core import signing

from scheduling.services import links

SALT = "vqflow.visitor"
KEPT_SECONDS = 60 * 60
KEPT = ("link_pk", "is_unlocked", "language", "notice")


def cookie_name():
    """With HTTPS the prefix binds the cookie to this host, and to secure connections."""
    return "__Host-vqflow_visit" if settings.HTTPS else "vqflow_visit"


@dataclass(slots=True)
class Visitor:
    """What the cookie says. `notice` is shown on the next page, once."""

    link_pk: int | None = None
    is_unlocked: bool = False
    language: str = ""
    notice: str = ""
    link: object = field(default=None, repr=False)

    @property
    def mark(self):
        """Goes with every form: a form of another link than the one opened last is not acted upon."""
        return signing.Signer(salt=f"{SALT}.mark").sign(str(self.link_pk))

    def opens(self, link):
        """Another link was opened, or none that is known: what was unlocked before is locked."""
        if link is None or link.pk != self.link_pk:
            self.is_unlocked = False
        self.link, self.link_pk = link, link.pk if link else None
        self.language, self.notice = "", ""

    def goes_on(self, link):
        """The same person goes on with another link of theirs: nothing is asked again."""
        language = self.language
        self.opens(link)
        self.is_unlocked, self.language = True, language

    def keep(self, response):
        """Write the cookie; nothing of it is worth more than an hour."""
        told = {key: value for key, value in _told(self).items() if value}
        response.set_cookie(
            cookie_name(),
            signing.dumps(told, salt=SALT),
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )


def _told(visitor):
    return {name: getattr(visitor, name) for name in KEPT}


def of(request):
    """The Visitor of this request; one without a link when there is no cookie, or it is old or not ours."""
    try:
        told = signing.loads(request.COOKIES.get(cookie_name(), ""), salt=SALT, max_age=KEPT_SECONDS)
    except signing.BadSignature:
        return Visitor()
    # What an earlier version of these pages has written may name more.
    visitor = Visitor(**{name: told[name] for name in KEPT if name in told})
    visitor.link = links.of(visitor.link_pk) if visitor.link_pk else None
    return visitor
