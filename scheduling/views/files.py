"""Files that the browser shows in place of a page."""

from django.http import HttpResponse


def pdf_of(made, name):
    """The PDF `made` under a name that says nothing of a patient: it stays in the folder of downloads."""
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
    return HttpResponse(made, content_type="application/pdf", headers=headers)
