"""The pages about reviews."""

from django.urls import path

from governance.initiatives import converters  # noqa: F401  registers <key:…>
from governance.reviews import views

app_name = "reviews"

urlpatterns = [
    path("reviews/", views.index, name="list"),
    path("initiatives/<key:number>/review/", views.do, name="do"),
    path("initiatives/<key:number>/reviews/<int:nth>/", views.show, name="show"),
]
