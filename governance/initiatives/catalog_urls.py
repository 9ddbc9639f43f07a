"""The catalog, as a page and as files."""

from django.urls import path

from governance.initiatives import catalog_views

app_name = "catalog"

urlpatterns = [
    path("catalog/", catalog_views.show, name="list"),
    path("catalog.csv", catalog_views.as_csv, name="csv"),
    path("catalog.json", catalog_views.as_json, name="json"),
]
