"""The pages about reviews."""

from django.urls import path

import governance.core.converters
import governance.initiatives.converters  # noqa: F401  they register <file:…> and <key:…>
from governance.reviews import views

app_name = "reviews"

urlpatterns = [
    path("reviews/", views.index, name="list"),
    path("reviews.<file:kind>", views.as_file, name="file"),
    path("initiatives/<key:number>/review/", views.do, name="do"),
    path("initiatives/<key:number>/reviews/<int:nth>/", views.show, name="show"),
]
