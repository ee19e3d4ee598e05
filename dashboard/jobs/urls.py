from __future__ import annotations

from django.urls import path

from dashboard.jobs import views

urlpatterns = [
    path("", views.job_list, name="job_list"),
    path("<int:job_id>/", views.job_detail, name="job_detail"),
    path("<int:job_id>/cancel/", views.job_cancel, name="job_cancel"),
    path("<int:job_id>/retry/", views.job_retry, name="job_retry"),
    path("<int:job_id>/report/", views.job_report, name="job_report"),
    path("<int:job_id>/passwords/", views.job_passwords, name="job_passwords"),
]
