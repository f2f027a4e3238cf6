"""Grants (调阅许可): what opens content to a named person, for a purpose, for a while."""
