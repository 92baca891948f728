"""What a service may answer instead of doing the work. The message is a sentence for the person who asked."""


class DomainError(Exception):
    """A refusal. `sentence` is shown as it is on the page, in the API's problem details and in logs of tests."""

    status = 400
    title = "Refused"

    def __init__(self, sentence, **extra):
        super().__init__(sentence)
        self.sentence = sentence
        self.extra = extra


class NotAllowed(DomainError):
    """This role may not do this."""

    status = 403
    title = "Not allowed"


class NotFound(DomainError):
    """There is no such thing for this person: missing, or another site's."""

    status = 404
    title = "Not found"


class Conflict(DomainError):
    """The state of the world forbids it now: somebody was faster, or a rule of the department holds it back."""

    status = 409
    title = "Conflict"


class Invalid(DomainError):
    """The input cannot be right. `fields` maps field names to lists of sentences."""

    status = 422
    title = "Check your input"

    def __init__(self, sentence, *, fields=None, **extra):
        super().__init__(sentence, **extra)
        self.fields = fields or {}
