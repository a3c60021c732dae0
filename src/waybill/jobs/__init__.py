"""Durable jobs: accept, queue, produce, publish, retain. Knows no HTTP, no export by name and no Azure."""
