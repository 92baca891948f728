"""How the department's own pages call its worklist as one of its devices, without being at the device's address.

The call carries a token in the User Identity item of the association (PS3.7 D.3.3.7) that only who has the secret
key can make, for one AE title and for one minute.
"""

from django.core import signing
from pynetdicom.pdu_primitives import UserIdentityNegotiation

SALT = "vqflow.dicom.as-device"
SECONDS = 60
USERNAME_AND_PASSCODE = 2


def item(title):
    """What goes with the association request of who asks as the device of this title."""
    found = UserIdentityNegotiation()
    found.user_identity_type = USERNAME_AND_PASSCODE
    found.primary_field = b"vqflow"
    found.secondary_field = signing.dumps(title, salt=SALT).encode()
    return found


def holds(identity, title):
    """Whether an association's user identity item, or None, is ours for this title."""
    if identity is None or identity.user_identity_type != USERNAME_AND_PASSCODE:
        return False
    try:
        return signing.loads(identity.secondary_field.decode(), salt=SALT, max_age=SECONDS) == title
    except (signing.BadSignature, UnicodeDecodeError):
        return False
