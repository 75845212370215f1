"""Addresses of the withdrawal function. Without a namespace: every foot of a page links ``withdrawal``."""

from django.urls import path

from . import withdrawal

urlpatterns = [
    path("", withdrawal.declare, name="withdrawal"),
    path("receipt/<str:token>/", withdrawal.receipt, name="withdrawal-receipt"),
]
