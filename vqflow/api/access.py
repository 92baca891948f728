"""Who calls the API and whether the policy lets them. Named in settings, so nothing of DRF's views is imported."""

from rest_framework import authentication, permissions

from vqflow import policy


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
