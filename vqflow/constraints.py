"""Check constraints that are needed more than once."""

from django.db.models import CheckConstraint, Q


def together(*fields, name):
    """A constraint: all of these nullable fields are set, or none is."""
    all_set = Q(**{f"{field}__isnull": False for field in fields})
    none_set = Q(**{f"{field}__isnull": True for field in fields})
    return CheckConstraint(condition=all_set | none_set, name=name)


def one_of(field, choices, *, name):
    """A constraint: the field holds one of the values of a TextChoices class or StrEnum."""
    return CheckConstraint(condition=Q(**{f"{field}__in": [str(choice) for choice in choices]}), name=name)
