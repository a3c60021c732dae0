"""Read Microsoft 365 usage report CSVs into a tenant's snapshot (tenant-data.md 2.1, graph.md 6.3)."""

from waybill.ingest.usage.ingest import ingest_usage
from waybill.ingest.usage.result import ReportCount, UsageResult

__all__ = ["ReportCount", "UsageResult", "ingest_usage"]
