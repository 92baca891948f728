"""Who calls the API and whether the policy lets them. Named in settings, so nothing of DRF's views is imported."""

from django.conf import settings
from rest_framework import authentication, exceptions, permissions
from rest_framework.authtoken.models import Token

from vqflow import policy
from vqflow.statements import Compiled

_TOKEN = Compiled(lambda key: Token.objects.filter(key=key).select_related("user"), key="a key")


class TokenAuthentication(authentication.TokenAuthentication):
    """A token is one factor: accounts that must have two use the session."""

    def authenticate_credentials(self, key):
        token = _TOKEN.first(key=key)
        if token is None:
            raise exceptions.AuthenticationFailed("This token is not known.")
        if not token.user.is_active:
            raise exceptions.AuthenticationFailed("This account is not active any more.")
        user = token.user
        if user.role in settings.REQUIRE_MFA_ROLES:
            raise exceptions.AuthenticationFailed(
                "This account signs in with a second factor, not with a token."
            )
        return user, token


class SessionAuthentication(authentication.SessionAuthentication):
    """The page's session; says 401, not 403, when nobody is signed in."""

    def authenticate_header(self, request):
        return "Session"

    def enforce_csrf(self, request):
        # Of REST framework's request the check would read the body, which a write that is done once needs again.
        super().enforce_csrf(request._request)


class Permitted(permissions.BasePermission):
    """The view's `actions` names the policy's action of each method."""

    def has_permission(self, request, view):
        if not request.user.is_authenticated:
            return False
        policy.permit(request.user, view.action_of(request.method))
        return True
