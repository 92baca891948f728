"""A page of orders as rows; that they were shown is audited."""

from django.core.paginator import Paginator

from reporting import worklist
from reporting.services import reading
from scheduling.services import access

PER_PAGE = 50


def listed(request, orders, *, name, action, now, seen=None):
    """The asked page of these orders as rows with their terms; that they were shown is audited.

    None where the browser shows this version already (`seen`): nothing new was shown.
    """
    asked = Paginator(orders, PER_PAGE).get_page(request.GET.get("page"))
    rows = worklist.rows(asked, now=now)
    version = worklist.version(rows)
    if seen == version:
        return None
    access.listed(name, [row.order.patient_id for row in rows], by=request.user, action=action)
    shown = [{"row": row, "term": reading.term(row.version) if row.version else None} for row in rows]
    return {"page": asked, "rows": shown, "now": now, "version": version}
