"""Loaded by Python at its start where ``watch.environment`` put this folder on the path."""

from hubspot_contract import watch

watch.install()
