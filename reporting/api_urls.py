from django.urls import path

from reporting.api import critical, department, numbers, reading, reports, versions

app_name = "reporting_api"
urlpatterns = [
    path("reports", reports.Reports.as_view(), name="reports"),
    path("orders/<int:pk>/report", reports.ReportOfOrder.as_view(), name="report"),
    path("orders/<int:pk>/report/sign", reports.Signatures.as_view(), name="sign"),
    path("orders/<int:pk>/report/evaluate", reading.Evaluations.as_view(), name="evaluate"),
    path("orders/<int:pk>/report/take-over", reading.TakingOver.as_view(), name="take-over"),
    path("orders/<int:pk>/report/preset", reading.PresetUse.as_view(), name="apply-preset"),
    path("presets", reading.Presets.as_view(), name="presets"),
    path("presets/<int:pk>", reading.Preset.as_view(), name="preset"),
    path("orders/<int:pk>/report/begin", versions.LaterVersions.as_view(), name="begin"),
    path("orders/<int:pk>/report/give-up", versions.GivingUp.as_view(), name="give-up"),
    path("orders/<int:pk>/report/retract", versions.Retractions.as_view(), name="retract"),
    path("numbers", numbers.Numbers.as_view(), name="numbers"),
    path("numbers/<slug:key>", numbers.Number.as_view(), name="number"),
    path("numbers/<slug:key>/csv", numbers.NumberAsCsv.as_view(), name="number-csv"),
    path("department/reporting", department.ReportingRules.as_view(), name="department"),
    path("critical", critical.CriticalResults.as_view(), name="critical"),
    path("orders/<int:pk>/critical", critical.CriticalOfOrder.as_view(), name="critical-of-order"),
    path("orders/<int:pk>/critical/told", critical.Calls.as_view(), name="critical-told"),
    path("orders/<int:pk>/critical/attempts", critical.Attempts.as_view(), name="critical-tried"),
    path("critical/<int:pk>/withdraw", critical.Withdrawals.as_view(), name="critical-withdraw"),
]
