from django.urls import path

from reporting import api

app_name = "reporting_api"
urlpatterns = [
    path("reports", api.Reports.as_view(), name="reports"),
    path("orders/<int:pk>/report", api.ReportOfOrder.as_view(), name="report"),
    path("orders/<int:pk>/report/sign", api.Signatures.as_view(), name="sign"),
]
