"""The pages about people."""

from django.urls import path

from governance.people import views_prove

app_name = "people"

urlpatterns = [
    path("prove/", views_prove.prove, name="prove"),
]
