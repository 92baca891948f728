"""The frame of a change: shown only, or shown and made; whose appointments would not fit is audited as shown."""

from django.utils import timezone
from rest_framework.response import Response

from scheduling import department_words as words
from scheduling.api.site import SiteOperation
from scheduling.serializers.department.changes import DepartmentChangedOut
from scheduling.services import access

MANAGE, VIEW = "department.manage", "department.view"


class Changing(SiteOperation):
    """An operation that shows what a change would do, or makes it: the same for every part of the department."""

    actions = {"POST": MANAGE}

    def answer(self, values, *, preview, save):
        """`preview` gives (lines in words, affected); `save` is called unless it is a dry run."""
        lines, affected = preview()
        if not values.pop("dry_run", False):
            save()
            return self._changed(True, lines, affected)
        return self._changed(False, lines, affected)

    def _changed(self, saved, lines, affected):
        ids = [each.patient.pk for each in affected]
        access.listed("department.affected.api", ids, by=self.request.user, action=MANAGE)
        return Response(DepartmentChangedOut({"saved": saved, "changes": lines, "affected": affected}).data)


def in_words(differences):
    return [f"{what}: {before} -> {after}" for what, before, after in words.lines(differences)]


def change(operation, service, one, values):
    now, by = timezone.now(), operation.request.user
    given = {name: value for name, value in values.items() if name != "dry_run"}

    def preview():
        differences, affected = service.preview(one, **given, now=now)
        return in_words(differences), affected

    return operation.answer(
        values, preview=preview, save=lambda: service.change(one, **given, by=by, now=now)
    )
