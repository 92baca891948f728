"""A write sent twice (double click, retry, back button) is done once and answered twice."""

from django.db import transaction
from django.http import HttpResponse
from django.utils.crypto import salted_hmac

from vqflow import audit
from vqflow.errors import Conflict, Invalid
from vqflow.models import IdempotentRequest

KEPT_HEADERS = ("Content-Type", "Location", "HX-Redirect", "HX-Trigger")
LONGEST_KEY = 80


def key_of(request):
    """The key that the client chose: the Idempotency-Key header, or the hidden field of a page's form."""
    key = request.headers.get("Idempotency-Key") or request.POST.get("request_id", "")
    if len(key) > LONGEST_KEY:
        raise Invalid(f"The idempotency key is longer than {LONGEST_KEY} characters.")
    if not (key.isascii() and key.isprintable()):
        raise Invalid("The idempotency key holds characters other than plain letters, digits and signs.")
    return key


def is_answered(request, user):
    """Whether this request was done already, so that its answer is only given once more."""
    key = key_of(request)
    return bool(key) and IdempotentRequest.objects.filter(user=user, key=key, status__isnull=False).exists()


def fingerprint(request, user):
    # A multipart body is gone once its fields have been read, which the CSRF check does before us.
    is_multipart = request.content_type == "multipart/form-data"
    content = request.POST.urlencode().encode() if is_multipart else request.body
    # Who has another role or site since then is not shown what was answered before.
    head = f"{request.method} {request.path}\n{user.role} {user.site_code}\n"
    # Keyed: the content may hold a password, which nobody may guess from what is kept here.
    return salted_hmac("vqflow.once", head.encode() + content, algorithm="sha256").hexdigest()


def once(request, user, handle):
    """Answer with `handle()`, in one transaction with the record of its answer.

    A repeated key is answered from the record without doing the work again. A key that comes back with other
    content raises Invalid; while the first request is still running, the second waits for it in the database.
    A refusal (DomainError, status 400 and above) leaves nothing behind but who was shown which patient, so that
    the same form can be sent again.
    """
    with audit.reads() as shown:
        response = _in_one_transaction(request, user, handle, shown)
    if response.status_code >= 400:
        audit.record_again(shown)
    return response


def _in_one_transaction(request, user, handle, shown):
    print_of_request, key = fingerprint(request, user), key_of(request)
    with transaction.atomic():
        row, created = _row(user, key, print_of_request)
        if not created:
            return _again(row, print_of_request, user)
        response = handle()
        if response.status_code >= 400:
            transaction.set_rollback(True)
        elif row is not None:
            _keep(row, response, shown)
    return response


def _row(user, key, print_of_request):
    """The record of this key and whether it is new; without a key there is none."""
    if not key:
        return None, True
    return IdempotentRequest.objects.get_or_create(
        user=user, key=key, defaults={"fingerprint": print_of_request}
    )


def _keep(row, response, shown):
    if not getattr(response, "is_rendered", True):
        response.render()
    IdempotentRequest.objects.filter(pk=row.pk).update(
        status=response.status_code,
        headers={name: response[name] for name in KEPT_HEADERS if name in response},
        body=response.content.decode(),
        patient_ids=sorted({patient for event in shown for patient in event.patient_ids}),
    )


def _again(row, print_of_request, user):
    if row.fingerprint != print_of_request:
        raise Invalid("This idempotency key was used for another request. Send a new key.")
    if row.status is None:
        raise Conflict("This request is still being worked on.")
    audit.record("request.replayed", by=user, patients=row.patient_ids)
    response = HttpResponse(row.body, status=row.status, headers=row.headers)
    response["Idempotency-Replayed"] = "true"
    return response
