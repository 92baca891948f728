"""That a result which cannot wait has not been told to anybody yet, passed down by whoever keeps the reports."""

from django.db import models

from scheduling.models.orders import Order
from scheduling.models.querysets import of_site


class UntoldResult(models.Model):
    """Exists from when such a result is identified until somebody is told; says nothing of what it is."""

    order = models.OneToOneField(Order, models.CASCADE, primary_key=True, related_name="untold_result")
    since = models.DateTimeField()
    due_at = models.DateTimeField()

    objects = of_site("order__site__code").as_manager()

    class Meta:
        ordering = ["due_at"]

    def __str__(self):
        return f"{self.order_id}"
