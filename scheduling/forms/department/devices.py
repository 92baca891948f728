"""A device on the network, as the lead enters it."""

from django import forms

from scheduling.forms.department import fields
from scheduling.forms.fields import ServiceForm
from scheduling.models import CharacterSet, Resource, ResourceKind
from scheduling.services.department import devices


class DeviceForm(ServiceForm):
    """A new device, or with `device` the values of one."""

    def __init__(self, data=None, *, site, device=None):
        super().__init__(
            data, initial=_values(device) if device else {"own_room_only": True, "reports_performed": True}
        )
        rooms = Resource.objects.filter(site=site, kind=ResourceKind.ROOM).order_by("name")
        self.fields["room"].queryset = rooms
        if device is not None:
            self.fields["is_active"] = forms.BooleanField(
                label="In use", required=False, help_text="Without it the device is not let in."
            )

    title = fields.text(
        "AE title", most=16, sentence=devices.BAD_TITLE, help_text="As the device calls itself."
    )
    name = fields.text("Name", most=60, required=False, help_text="What people call it.")
    room = forms.ModelChoiceField(
        Resource.objects.none(),
        label="Room",
        required=False,
        empty_label="None",
        help_text="Where it stands.",
    )
    addresses = forms.CharField(
        label="Calls from",
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": devices.NO_ADDRESS},
        help_text="IP addresses or small networks, with a comma between two of them.",
    )
    host = fields.text(
        "Answers at", most=100, required=False, help_text="Host name or address, for the test call."
    )
    port = fields.number("Port", least=1, most=65535, required=False)
    character_set = forms.ChoiceField(
        label="Alphabet",
        choices=CharacterSet.choices,
        initial=CharacterSet.UTF8,
        help_text="What the device can show. Names that it cannot are sent in UTF-8.",
    )
    own_room_only = forms.BooleanField(
        label="Shows its own room only",
        required=False,
        help_text="Where its query names no station. Needs a room.",
    )
    reports_performed = forms.BooleanField(
        label="Says what it performed",
        required=False,
        help_text="Start and end come from the device (MPPS).",
    )
    certificate_sha256 = fields.text(
        "Certificate (SHA-256)",
        most=95,
        required=False,
        help_text="With TLS: the fingerprint of its certificate.",
    )

    def clean_addresses(self):
        return self.cleaned_data["addresses"].replace(";", ",").split(",")


def _values(device):
    found = {name: getattr(device, name) for name in devices.FIELDS}
    return found | {"addresses": ", ".join(device.addresses), "room": device.room_id}
