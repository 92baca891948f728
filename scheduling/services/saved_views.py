"""Views of the worklist that a person names: saved again under the same name, they change."""

from django.db import transaction

from scheduling.models import Resource, ResourceKind, SavedView
from vqflow import policy
from vqflow.errors import Conflict, Invalid, NotFound

MOST = 12
LONGEST = SavedView._meta.get_field("name").max_length


@transaction.atomic
def save(*, name, days_ahead, room_id, state, by_room, by):
    """Keep these filters under `name`; a view of that name is replaced. Raises Invalid or Conflict."""
    policy.permit(by, "worklist.view")
    name = " ".join(name.split())
    if not name or len(name) > LONGEST or not name.isprintable():
        sentence = f"Give the view a name of up to {LONGEST} characters."
        raise Invalid(sentence, fields={"name": [sentence]})
    rooms = Resource.objects.for_user(by).filter(kind=ResourceKind.ROOM)
    if room_id is not None and not rooms.filter(pk=room_id).exists():
        raise Invalid("There is no such room at your site.", fields={"room": ["Choose from the list."]})
    mine = SavedView.objects.filter(user=by)
    if not mine.filter(name=name).exists() and mine.count() >= MOST:
        raise Conflict(f"You have {MOST} views already. Remove one that you do not need any more.")
    chosen = {"days_ahead": days_ahead, "room_id": room_id, "state": state, "by_room": by_room}
    return SavedView.objects.update_or_create(user=by, name=name, defaults=chosen)[0]


@transaction.atomic
def forget(pk, *, by):
    """Remove one of one's own views; NotFound for anybody else's."""
    policy.permit(by, "worklist.view")
    removed, _ = SavedView.objects.filter(user=by, pk=pk).delete()
    if not removed:
        raise NotFound("You have no such view. It may have been removed in another window.")
