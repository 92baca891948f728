from django.urls import path

from reporting import views

app_name = "reporting"
urlpatterns = [
    path("reports/", views.reports, name="reports"),
    path("reports/<int:pk>/", views.report, name="report"),
    path("reports/<int:pk>/draft/", views.draft, name="draft"),
    path("reports/<int:pk>/choice/", views.choice, name="choice"),
    path("reports/<int:pk>/sign/", views.sign, name="sign"),
    path("results/", views.results, name="results"),
    path("results/<int:pk>/", views.result, name="result"),
]
