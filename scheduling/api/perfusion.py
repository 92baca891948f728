"""The first reading of perfusion while ventilation is held."""

from scheduling.api.visits import OnAppointment, described
from scheduling.serializers.perfusion import PerfusionReadingIn
from scheduling.services import perfusion


class Reading(OnAppointment):
    actions = {"POST": "perfusion.read"}

    @described(
        "appointments_perfusion_reading",
        "Say whether perfusion is normal; then the held ventilation is given up, else it is done",
        PerfusionReadingIn,
    )
    def post(self, request, pk):
        return self.do(request, pk, perfusion.read, PerfusionReadingIn)
