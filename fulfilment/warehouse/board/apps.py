"""The board of the day: what waits in the warehouse, what is late, who picks how much."""

from django.apps import AppConfig


class BoardConfig(AppConfig):
    name = "fulfilment.warehouse.board"
    label = "board"
