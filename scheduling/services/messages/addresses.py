"""Which address a mail went to, without keeping the address: those stand with the patient and the referrer alone."""

from django.utils.crypto import constant_time_compare, salted_hmac

SALT = "vqflow.message.sent_to"


def digest(address):
    """64 characters that only this server can make of an address."""
    return salted_hmac(SALT, address.lower(), algorithm="sha256").hexdigest()


def went_to(message, address):
    """Whether this message went to this address, as far as anybody knows."""
    return constant_time_compare(message.sent_to, digest(address))
