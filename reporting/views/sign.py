"""What will be signed, read once more, and signed by who shows that it is them."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render
from django.utils import timezone

from reporting.forms.drafts import VersionForm
from reporting.models import VersionKind
from reporting.services import drafting, reading, said, signing, versions
from reporting.views.confirming import proof_context
from reporting.views.order import order_context
from scheduling.services import access
from vqflow import confirmed, proof
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

ACTION = "report.sign_preliminary"
TOLD = "The referrer is told by e-mail that a result is ready."
SIGNED = {
    VersionKind.PRELIMINARY: "Signed as preliminary. An attending physician signs it final.",
    VersionKind.FINAL: f"Signed as final. {TOLD}",
    VersionKind.ADDENDUM: "Addendum signed. The referrer is told by e-mail that the result was changed.",
    VersionKind.AMENDMENT: "Amended report signed. The referrer is told by e-mail.",
}
TITLES = {VersionKind.ADDENDUM: "Sign the addendum", VersionKind.AMENDMENT: "Sign the amended report"}


@page(ACTION, methods=("GET", "POST"), of_session=True)
def sign(request, pk):
    """What will be signed, to be read once more; POST signs it."""
    with transaction.atomic():
        order = access.order(pk, by=request.user, action=ACTION)
        found = drafting.existing(order)
        if request.method != "POST":
            return _sign_page(request, found)
    form = VersionForm(request.POST)
    if not form.is_valid():
        return _sign_page(request, found, refusal=Invalid("Read the report again, then sign."))
    try:
        return confirmed.once(request, lambda way: _sign(request, found, form.cleaned_data["version"], way))
    except (Conflict, proof.NotShown) as refusal:
        return _sign_page(request, drafting.current(found), refusal=refusal)


def _sign(request, found, draft_version, way):
    version = signing.sign(
        found, draft_version=draft_version, by=request.user, now=timezone.now(), confirmed_by=way
    )
    messages.success(request, SIGNED[version.kind])
    return redirect("reporting:report", pk=found.order_id)


def _sign_page(request, found, *, refusal=None):
    kind = signing.kind_for(request.user, found)
    before = _before(found) if kind in TITLES else None
    context = {
        **order_context(found.order, timezone.now()),
        **proof_context(request.user, refusal),
        "report": found,
        "term": reading.term(found),
        "kind": kind,
        "title": TITLES.get(kind, f"Sign as {kind}"),
        "differences": said.between(before, found) if before and kind == VersionKind.AMENDMENT else (),
        "before": before,
        "why_not_sign": signing.why_not_sign(found, request.user),
        "refusal": None if isinstance(refusal, proof.NotShown) else refusal,
    }
    return render(request, "reporting/sign.html", context, status=refusal.status if refusal else 200)


def _before(found):
    """What the report said before this draft of an addendum or amendment."""
    standing = versions.standing(list(found.versions.select_related("signed_by").order_by("number")))
    return standing.base if standing else None
