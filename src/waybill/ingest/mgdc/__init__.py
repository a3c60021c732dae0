"""Read Microsoft Graph Data Connect files into a new snapshot (tenant-data.md 1)."""

from waybill.ingest.mgdc.ingest import ingest_mgdc
from waybill.ingest.mgdc.result import DatasetCount, IngestResult

__all__ = ["DatasetCount", "IngestResult", "ingest_mgdc"]
