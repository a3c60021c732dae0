"""Waybill: a self-hosted export service for Microsoft 365 tenants."""

import os

__version__ = "0.1.0"

# numpy's OpenBLAS starts a thread for each core, and each spins for some 25 ms of CPU before it sleeps. Nothing
# here multiplies matrices. It reads this when numpy is first imported; who set it keeps what they set.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
