"""Waybill: a self-hosted export service for Microsoft 365 tenants."""

__version__ = "0.1.0"
