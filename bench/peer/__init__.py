"""Kontor beside stock django-oscar, in one run on one machine: see peer_bench.py."""
