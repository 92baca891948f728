"""The plan of messages: what goes out about a visit, line by line, and a look at it for an invented visit."""

from django.contrib import messages as notes
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling import department_history, message_preview
from scheduling.engine import reminders
from scheduling.forms.department.messages import LineForm, PreviewForm, ReminderForm
from scheduling.models import Channel, MessageKind, MessageRule, Protocol
from scheduling.services.department import days
from scheduling.services.department import messages as plans
from scheduling.views.department import frame
from vqflow.errors import Conflict, Invalid, NotFound
from vqflow.pages import page


@page("department.view")
def listing(request):
    """The plan of a protocol (?protocol=3), or of all that have none of their own."""
    return _page(request, ReminderForm())


@page("department.manage", methods=("POST",))
def add(request):
    """One more reminder."""
    form = ReminderForm(request.POST)
    if form.is_valid():
        try:
            return _set(request, is_on=True, **form.cleaned_data)
        except Invalid as refusal:
            form.refuse(refusal)
        except Conflict:
            form.add_error(None, "The plan has this reminder already.")
    return _page(request, form, status=422)


@page("department.manage", methods=("POST",))
def switch(request):
    """A line on, off, or as usual."""
    form = LineForm(request.POST)
    if not form.is_valid():
        return _page(request, ReminderForm(), status=422, refusal="This line is not in the plan. Look again.")
    try:
        return _set(request, **form.cleaned_data)
    except (Invalid, Conflict) as refusal:
        return _page(request, ReminderForm(), status=refusal.status, refusal=refusal.sentence)


@page("department.view")
def preview(request):
    """What goes out about an invented visit, when and in which words."""
    context, protocol = frame.about(request), _protocol(request)
    asked = {"language": "en", "booked": "240"} | request.GET.dict()
    form = PreviewForm(asked)
    chosen = form.cleaned_data if form.is_valid() else {"language": "en", "booked": 240, "two": False}
    plan = [line for line, _ in plans.lines(context["site"], protocol)]
    first, later = message_preview.shown(
        context["site"],
        plan,
        today=days.today(context["site"], timezone.now()),
        two=chosen["two"],
        booked_hours=chosen["booked"],
        language=chosen["language"],
    )
    context |= {"form": form, "protocol": protocol, "language": chosen["language"]}
    context |= {
        "first": [(each, named(each)) for each in first],
        "later": [(each, named(each)) for each in later],
    }
    return render(request, "department/messages_preview.html", context)


def _set(request, **line):
    protocol = _protocol(request)
    site = frame.about(request)["site"]
    plans.set_line(site, protocol=protocol, by=request.user, **line)
    notes.success(request, "Saved. It holds for what is booked or moved from now on.")
    of_protocol = f"?protocol={protocol.pk}" if protocol else ""
    return redirect(reverse("scheduling:department-messages") + of_protocol)


def _page(request, form, *, status=200, refusal=""):
    context, protocol = frame.about(request, form=form, refusal=refusal), _protocol(request)
    site = context["site"]
    names = dict(Protocol.objects.filter(site=site).values_list("pk", "name"))

    def said(event):
        of_protocol = f" ({names.get(event.protocol_id, 'a protocol')})" if event.protocol_id else ""
        return f"{named(event)}, {when(event.hours_before)}{of_protocol}"

    context |= {
        "protocol": protocol,
        "protocols": Protocol.objects.filter(site=site, is_active=True).order_by("name"),
        "rows": [_row(line, source) for line, source in plans.lines(site, protocol) if _shows(site, line)],
        "history": department_history.of_lines(MessageRule, site, said),
    }
    return render(request, "department/messages.html", context, status=status)


def _shows(site, line):
    return site.sends_sms or line.channel == Channel.EMAIL


def _row(line, source):
    return {
        "line": line,
        "name": named(line),
        "when": when(line.hours_before) if line.kind in reminders.TIMED else "at once",
        "to": "referrer" if line.kind in plans.TO_REFERRERS else "patient",
        "source": source,
        "is_always_on": line.key in reminders.NEVER_OFF,
    }


def named(line):
    """Such as: Reminder by text message."""
    kind = MessageKind(line.kind).label.removeprefix("To the referrer: ").capitalize()
    return f"{kind} by text message" if line.channel == Channel.SMS else kind


def when(hours):
    if not hours:
        return "at once"
    days_before, rest = divmod(hours, 24)
    if rest or hours < 48:
        return f"{hours} h before"
    return f"{days_before} days before"


def _protocol(request):
    asked = request.POST.get("protocol") or request.GET.get("protocol") or ""
    if not asked:
        return None
    rows = Protocol.objects.for_user(request.user)
    found = rows.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 18 else None
    if found is None:
        raise NotFound("There is no such protocol at your site.")
    return found
