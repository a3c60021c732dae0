"""Settings of one Waybill installation: from the environment (`WAYBILL_...`), a TOML file or flags."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _split(value: object) -> object:
    """`a, b` as an environment variable says it; lists pass as they are."""
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            raise ValueError("write the values with commas between them, without brackets or quotes")
        return tuple(part for part in (piece.strip() for piece in value.split(",")) if part)
    return value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Several words, joined by commas in the environment."""


class Settings(BaseSettings):
    """Every knob, with its unit. A value that does not fit stops the start with its name."""

    model_config = SettingsConfigDict(env_prefix="WAYBILL_", frozen=True, extra="forbid")

    data: Path = Path("waybill-data")
    host: str = "127.0.0.1"
    port: int = Field(default=8400, ge=0, le=65535)
    """0 takes a free one."""
    public_url: str = ""
    """The URL clients use, e.g. https://export.contoso.com; empty = taken from each request's Host."""
    retention_days: float = Field(default=30, gt=0)
    """Finished files are deleted this many days after they were finished."""
    jobs_per_tenant: int = Field(default=5, ge=1)
    """Jobs of one tenant that run at once (the vendor's limit is 5); others queue."""
    queue_limit: int = Field(default=1000, ge=1)
    """Jobs of one tenant that may wait; one more is answered 429."""
    report_memory_mb: int = Field(default=512, ge=64)
    """The most memory one running job may use for its queries before it spills to disk or fails; they begin with 128."""
    ingest_memory_mb: int = Field(default=2048, ge=512)
    """Memory that building a snapshot may use before it spills to disk."""
    plain_status: bool = False
    """Serve job status 2 where we would say 4, for clients that only know 1, 2 and 3."""
    join_identical: bool = True
    """An identical request by the same client, while the first is unfinished, gets the same job."""
    token_seconds: int = Field(default=3600, ge=60)
    tls: bool = False
    """Serve HTTPS with a certificate of the installation's own CA, made on first use in `<data>/tls`."""
    app_id_uri: str = "api://waybill"
    """What Graph clients ask tokens for: `<app_id_uri>/.default`."""
    entra_tenants: Words = ()
    """Tenant ids whose tokens, issued by Microsoft Entra, are accepted on the Graph face; none by default."""
    entra_authority: str = "https://login.microsoftonline.com"
    entra_audiences: Words = ()
    """What those tokens may be for, beside `app_id_uri`: the application's client id, for v2 tokens."""
    storage_hosts: Words = ()
    """Exact host names that a storageLocation may name beside Azure's own (private or sovereign endpoints)."""
    storage_emulators: Words = ()
    """`host:port` of storage emulators (Azurite): http and loopback are then allowed there. Never in production."""
    storage_ca: Path | None = None
    """A PEM file of extra certificate authorities to trust at storage hosts."""
    report_lag_days: int = Field(default=2, ge=0, le=30)
    """How long after a day its activity counts as complete in usage reports."""
    download_link_seconds: int = Field(default=300, ge=30, le=3600)
    """How long the address of a usage report's file works without a token."""
    log_json: bool | None = None
    """Logs as JSON lines; by default when standard error is not a terminal."""

    @property
    def control_path(self) -> Path:
        return self.data / "control.db"

    @property
    def engine_path(self) -> Path:
        return self.data / "engine.db"

    @property
    def snapshots_path(self) -> Path:
        return self.data / "snapshots"

    @property
    def contents_path(self) -> Path:
        """Files of people that were loaded, by their SHA-256."""
        return self.data / "contents"

    @property
    def tls_path(self) -> Path:
        return self.data / "tls"

    @property
    def deliveries_path(self) -> Path:
        """What each unfinished delivery has written already, so that it is taken up and not repeated."""
        return self.data / "deliveries"

    @property
    def reports_path(self) -> Path:
        """Usage reports made lately, by the SHA-256 of their bytes."""
        return self.data / "reports"

    @property
    def files_path(self) -> Path:
        return self.data / "files"

    @property
    def work_path(self) -> Path:
        return self.data / "work"
