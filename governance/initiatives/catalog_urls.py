"""The catalog, as a page and as files."""

from django.urls import path

from governance.core import converters  # noqa: F401  registers <file:…>
from governance.initiatives import catalog_views, views_chosen, views_own, views_saved

app_name = "catalog"

urlpatterns = [
    path("catalog/", catalog_views.show, name="list"),
    path("catalog/views/", views_saved.index, name="views"),
    path("catalog/views/save/", views_saved.save, name="save_view"),
    path("catalog/chosen/", views_chosen.chosen, name="chosen"),
    path("catalog/chosen.<file:kind>", views_chosen.as_file, name="chosen_file"),
    path("catalog/columns/", views_own.index, name="columns"),
    path("catalog/columns/add/", views_own.add, name="column_add"),
    path("catalog/columns/<slug:key>/", views_own.column, name="column"),
    path("catalog.<file:kind>", catalog_views.as_file, name="file"),
]
