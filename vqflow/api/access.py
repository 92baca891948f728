"""Who calls the API and whether the policy lets them. Named in settings, so nothing of DRF's views is imported."""

from django.conf import settings
from rest_framework import authentication, exceptions, permissions

from vqflow import policy


class TokenAuthentication(authentication.TokenAuthentication):
    """A token is one factor: accounts that must have two use the session."""

    def authenticate_credentials(self, key):
        user, token = super().authenticate_credentials(key)
        if user.role in settings.REQUIRE_MFA_ROLES:
            raise exceptions.AuthenticationFailed(
                "This account signs in with a second factor, not with a token."
            )
        return user, token


class SessionAuthentication(authentication.SessionAuthentication):
    """The page's session; says 401, not 403, when nobody is signed in."""

    def authenticate_header(self, request):
        return "Session"


class Permitted(permissions.BasePermission):
    """The view's `actions` names the policy's action of each method."""

    def has_permission(self, request, view):
        if not request.user.is_authenticated:
            return False
        policy.permit(request.user, view.action_of(request.method))
        return True
