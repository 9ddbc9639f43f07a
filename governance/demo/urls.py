"""Addresses of the demo; in a real installation each of them answers "not found"."""

from django.urls import path

from governance.demo import views

app_name = "demo"
urlpatterns = [
    path("demo/people/", views.people, name="people"),
    path("demo/become/<int:pk>/", views.become, name="become"),
    path("demo/clock/", views.clock_forward, name="clock"),
    path("demo/mail/", views.mail, name="mail"),
    path("demo/mail/<int:pk>/", views.message, name="message"),
    path("demo/tamper/", views.tamper, name="tamper"),
]
