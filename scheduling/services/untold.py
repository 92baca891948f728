"""What the department must see of a result that cannot wait: for whom, and until when somebody is to be told.

Called by whoever keeps the reports, in the same transaction; what the result is stays there.
"""

from scheduling.models import Message, MessageKind, MessageState, Task, UntoldResult


def stands(order, *, since, due_at):
    """Nobody has been told the result of this order yet."""
    UntoldResult.objects.update_or_create(order=order, defaults={"since": since, "due_at": due_at})


def ends(order, *, now):
    """Somebody has been told, or nobody has to be: mail and calls that ask the referrer to look at once fall away."""
    ended, _ = UntoldResult.objects.filter(order=order).delete()
    if not ended:
        return
    asking = Message.objects.filter(order=order, kind=MessageKind.CRITICAL_RESULT, state=MessageState.PENDING)
    asking.update(state=MessageState.CANCELLED)
    calls = Task.objects.filter(
        order=order, kind=Task.Kind.PHONE, about__endswith=f":{MessageKind.CRITICAL_RESULT}", closed_at=None
    )
    calls.update(closed_at=now)


def of_site(user):
    """Orders of the person's site whose result nobody has been told, the earliest deadline first."""
    return UntoldResult.objects.for_user(user).select_related(
        "order__patient", "order__site", "order__referrer"
    )
