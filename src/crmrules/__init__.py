"""Selling-strategy rules over CRM opportunities, written back as tasks and flags."""

__version__ = "0.1.0"
