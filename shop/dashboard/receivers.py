"""Roles become groups after every migrate."""
