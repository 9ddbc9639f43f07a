"""The public register: outside, for anybody, once it is open; inside, what it tells and why."""

from django.urls import path

import governance.initiatives.converters  # noqa: F401  it registers <key:…>
from governance.public import views, views_inside

app_name = "public"

urlpatterns = [
    path("public/", views.show, name="register"),
    path("public.csv", views.as_csv, name="csv"),
    path("public.json", views.as_json, name="json"),
    path("public/inside/", views_inside.index, name="inside"),
    path("public/inside/preview/", views_inside.preview, name="preview"),
    path("public/inside/preview.csv", views_inside.preview_file, name="preview_file"),
    path("initiatives/<key:number>/public/", views_inside.one, name="one"),
]
