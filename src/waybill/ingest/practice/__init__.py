"""The practice tenant: generated, seeded, deterministic, with every trap of the access semantics."""

from waybill.ingest.practice.contents import open_practice
from waybill.ingest.practice.sizes import SIZES
from waybill.ingest.practice.tenant import (
    DEFAULT_SEED,
    build_practice,
    digest,
    practice_tenant_id,
    practice_tenant_name,
)
from waybill.ingest.practice.traps import TRAPS

__all__ = [
    "DEFAULT_SEED",
    "SIZES",
    "TRAPS",
    "build_practice",
    "digest",
    "open_practice",
    "practice_tenant_id",
    "practice_tenant_name",
]
