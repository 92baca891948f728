"""The directory of referrers: list, add, change, take off the list; and the matches while somebody types."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect, render

from scheduling import referrer_search
from scheduling.forms.intake import ReferrerForm, StatOrderForm
from scheduling.models import Referrer, Site
from scheduling.services import access, referrers
from vqflow import policy
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

PER_PAGE = 50


@page("referrer.view")
def listing(request):
    """Everybody by name, or those who match; a referrer is no patient, so what was typed may stand in the address."""
    text = request.GET.get("text", "")[:100]
    rows = (
        referrer_search.find(text, by=request.user, most=PER_PAGE, with_inactive=True)
        if text.strip()
        else Referrer.objects.for_user(request.user).order_by("-is_active", "name", "pk")
    )
    context = {
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "text": text,
        "may_manage": policy.allows(request.user, "referrer.manage"),
    }
    return render(request, "scheduling/referrers.html", context)


@page("referrer.view", methods=("POST",))
def matches(request):
    """The likest referrers while somebody types, the chosen one first: a fragment."""
    form = StatOrderForm(
        initial={name: request.POST.get(name, "")[:100] for name in ("referrer", "referrer_text")},
        user=request.user,
    )
    context = {"referrers": form.referrer_matches(), "chosen_referrer": form.chosen_referrer()}
    return render(request, "scheduling/_referrers.html", context)


@page("referrer.manage", methods=("GET", "POST"))
def new(request):
    site = Site.objects.for_user(request.user).get()
    form = ReferrerForm(request.POST if request.method == "POST" else None, site=site)

    def save():
        return referrers.add(site=site, by=request.user, **form.cleaned_data)

    return _saved(request, form, save, "Added to the directory.")


@page("referrer.manage", methods=("GET", "POST"))
def referrer(request, pk):
    found = access.referrer(pk, by=request.user)
    form = ReferrerForm(
        request.POST if request.method == "POST" else None,
        site=found.site,
        initial={name: getattr(found, name) for name in referrers.FIELDS},
    )

    def save():
        return referrers.change(found, by=request.user, **form.cleaned_data)

    return _saved(request, form, save, "Saved.", referrer=found)


def _saved(request, form, save, words, **context):
    if form.is_bound and form.is_valid():
        try:
            save()
        except Invalid as refusal:
            form.refuse(refusal)
        except Conflict as refusal:
            form.add_error("name", refusal.sentence)
        else:
            messages.success(request, words)
            return redirect("scheduling:referrers")
    status = 422 if form.errors else 200
    return render(request, "scheduling/referrer.html", {"form": form, **context}, status=status)


@page("referrer.manage", methods=("POST",))
def active(request, pk):
    """Off the list, or back on it: the pressed button says which."""
    found = access.referrer(pk, by=request.user)
    is_active = request.POST.get("is_active") == "yes"
    referrers.set_active(found, is_active=is_active, by=request.user)
    messages.success(request, f"{found.name} can be chosen {'again' if is_active else 'no more'}.")
    return redirect("scheduling:referrers")
