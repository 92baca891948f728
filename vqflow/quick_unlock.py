"""The page on which a person sets the PIN and the badge that open their own locked session."""

from django.contrib import messages
from django.shortcuts import redirect, render

from vqflow import unlocking
from vqflow.errors import DomainError
from vqflow.forms import BadgeForm, OwnPasswordForm, PinForm
from vqflow.pages import page

FORMS = {
    "pin": PinForm,
    "badge": BadgeForm,
    "remove-pin": OwnPasswordForm,
    "remove-badge": OwnPasswordForm,
}
SAID = {
    "pin": "Your PIN opens the lock from now on.",
    "badge": "Your badge opens the lock from now on.",
    "remove-pin": "Your PIN is gone. The password opens the lock.",
    "remove-badge": "Your badge is gone. The password opens the lock.",
}


# Of the session: wrong passwords are counted in it, and a refusal must not take that back.
@page("account.use", methods=("GET", "POST"), of_session=True)
def quick_unlock(request):
    """GET shows what is set; POST sets or removes one of them, confirmed with the password."""
    what = request.POST.get("what", "")
    form = FORMS[what](request.POST, user=request.user, prefix=what) if what in FORMS else None
    if form is None or not form.is_valid():
        return _shown(request, what, form)
    try:
        _do(what, form.cleaned_data, request.user)
    except DomainError as refusal:
        form.refuse(refusal)
        return _shown(request, what, form)
    messages.success(request, SAID[what])
    return redirect("vqflow:quick-unlock")


def _do(what, values, user):
    match what:
        case "pin":
            unlocking.set_pin(user, pin=values["pin"], by=user)
        case "badge":
            unlocking.enrol_badge(user, code=values["code"], by=user)
        case "remove-pin":
            unlocking.remove_pin(user, by=user)
        case "remove-badge":
            unlocking.remove_badge(user, by=user)


def _shown(request, what="", faulty=None):
    """The page; a wrong password counts as at the lock, and the fifth ends the session."""
    if _is_wrong(what, faulty) and unlocking.count_wrong(request.session) >= unlocking.TRIES:
        request.session.flush()
        return redirect("account_login")
    user = request.user
    forms = {name: form(user=user, prefix=name) for name, form in FORMS.items()}
    if faulty is not None:
        forms[what] = faulty
    context = {
        "pin_form": forms["pin"],
        "badge_form": forms["badge"],
        "remove_pin_form": forms["remove-pin"],
        "remove_badge_form": forms["remove-badge"],
        "faulty": faulty,
        "what": what,
    }
    return render(request, "account/quick_unlock.html", context, status=422 if faulty is not None else 200)


def _is_wrong(what, faulty):
    tried = faulty is not None and faulty.data.get(f"{what}-own_password")
    return tried and "own_password" in faulty.errors
