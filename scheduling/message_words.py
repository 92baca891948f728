"""Why a message stands where it stands, in words: for the desk's list, and for refusals."""

# Why a planned message does not go out: the code that its row keeps.
SUPPRESSED = {
    "inpatient": "Inpatients get no messages.",
    "no_consent": "The patient has not agreed to e-mail.",
    "no_address": "There is no e-mail address.",
    "bounced": "The e-mail address does not work.",
    "no_sms_consent": "The patient has not agreed to text messages.",
    "no_number": "There is no phone number for text messages.",
    "no_gateway": "Text messages are not set up on this server.",
    "stopped": "The patient wants no reminders.",
    "booked_late": "Booked too late for it to be useful.",
}
ENDED = {
    "too_late": "Its time had passed.",
    "attempts": "Tried too often.",
    "offer_ended": "The offer had ended.",
    "appointment_changed": "The appointment has changed.",
    "has_come": "The patient had come already.",
}
ERRORS = {
    "ConnectionRefusedError": "The server does not answer.",
    "SMTPServerDisconnected": "The server broke off.",
    "SMTPConnectError": "The server does not answer.",
    "TimeoutError": "The server took too long.",
    "RemoteDisconnected": "The server broke off.",
    "gaierror": "The server is not found.",
    "SSLCertVerificationError": "The server's certificate is not valid.",
    "BadHeaderError": "A line break in the address or the name.",
    "ValueError": "The address or the number cannot be written to.",
}
NO_SUCH_ADDRESS = ("550", "551", "553")


def why(message):
    """A sentence for what `last_error` of the row says; empty where nothing went wrong."""
    return of_code(message.last_error)


def of_code(code):
    if not code:
        return ""
    known = {**ERRORS, **ENDED, **SUPPRESSED}
    if code in known:
        return known[code]
    if code in NO_SUCH_ADDRESS:
        return f"The server does not know this address ({code})."
    return f"The server refused it ({code})." if code.isdecimal() else f"It could not be made ({code})."
