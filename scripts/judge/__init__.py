"""Lighthouse, axe, valid HTML and weight of the pages shoppers see: ``python -m scripts.judge`` (see main.py)."""
