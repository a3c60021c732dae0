"""Read people's files from a folder: `<folder>/<user principal name>/<path in their OneDrive>`."""

from waybill.ingest.folder.ingest import ingest_files
from waybill.ingest.folder.result import DriveCount, FilesResult, Refused

__all__ = ["DriveCount", "FilesResult", "Refused", "ingest_files"]
