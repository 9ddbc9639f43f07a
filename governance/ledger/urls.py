"""The pages of the record itself."""

from django.urls import path

from governance.ledger import views

app_name = "ledger"

urlpatterns = [
    path("ledger/", views.index, name="list"),
    path("ledger/verify/", views.verify, name="verify"),
]
