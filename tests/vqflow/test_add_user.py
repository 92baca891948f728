"""`manage.py add_user`: how the administrator makes accounts."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from vqflow.models import AuditEvent, Grade, User

pytestmark = pytest.mark.django_db


def add(*arguments):
    out = StringIO()
    call_command("add_user", *arguments, stdout=out)
    return out.getvalue()


def test_the_printed_password_signs_in():
    printed = add("mnowak", "--role", "technologist", "--site", "riverside", "--name", "Maria de la Nowak")
    user = User.objects.get(username="mnowak")
    assert user.check_password(printed.strip().rsplit(" ", 1)[1])
    assert (user.get_full_name(), user.role, user.site_code) == (
        "Maria de la Nowak",
        "technologist",
        "riverside",
    )
    assert AuditEvent.objects.get(action="user.added").subject_id == str(user.pk)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["mnowak", "--role", "reader"], "user_reader_has_grade"),
        (["taken", "--role", "scheduler"], "already exists"),
        (["mnowak", "--role", "scheduler", "--password", "short"], "too short"),
        (["patient@riverside", "--role", "scheduler"], "are kept for who acts by a mailed link"),
    ],
)
def test_a_wrong_account_is_refused_with_a_sentence(arguments, sentence):
    User.objects.create(username="taken")
    with pytest.raises(CommandError, match=sentence):
        add(*arguments)
    assert User.objects.count() == 1


def test_an_attending_can_be_an_authorised_user():
    add("dr", "--role", "reader", "--grade", "attending", "--authorised-user")
    assert User.objects.get(username="dr").grade == Grade.ATTENDING
