"""Who acts without signing in: one account of its kind for each site, so every write has a name and a permission."""

from dataclasses import dataclass

from scheduling.models import Site
from vqflow.models import Role, User


@dataclass(frozen=True, slots=True)
class Acting:
    """The accounts of one role. Nobody can sign in to them."""

    role: Role
    given: str
    family: str

    def of(self, site: Site) -> User:
        """The site's account, made when it first does something."""
        found = self.known(site)
        return found if found.pk else _made(found)

    def known(self, site: Site) -> User:
        """The same for who only looks: nothing is written, so it may not be saved yet."""
        name = self.username(site)
        found = User.objects.filter(username=name, role=self.role).first()
        return found or User(
            username=name,
            role=self.role,
            site_code=site.code,
            first_name=self.given,
            last_name=self.family,
            is_active=False,
        )

    def username(self, site):
        # A code has no @ in it, and no person's name begins like this (a constraint).
        return f"{self.role}@{site.code}"


def _made(account):
    account.set_unusable_password()
    names = ("role", "site_code", "first_name", "last_name", "password", "is_active")
    values = {name: getattr(account, name) for name in names}
    return User.objects.get_or_create(username=account.username, defaults=values)[0]


PATIENTS = Acting(Role.PATIENT, "Patient", "(by link)")
CAMERAS = Acting(Role.MODALITY, "Camera", "(DICOM)")
