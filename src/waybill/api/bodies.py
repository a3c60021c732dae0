"""The JSON bodies of the Insights API, told once for the answers and for OpenAPI (insights.md 1.2, 1.3).

The vendor's members come first and keep the vendor's types; what we add stands behind them.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Body(BaseModel):
    """Frozen, nothing unknown in it, camelCase on the wire."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True
    )


class JobAccepted(Body):
    """An export was accepted."""

    job_id: str = Field(description="The job's number, as a string of digits.", examples=["4802"])
    status: int = Field(default=200, description="The HTTP status again.")
    message: str = Field(default="", description="Empty on success.")


class Progress(Body):
    """How far a job is; all times are UTC."""

    state: str = Field(
        description="queued, running, stopping, stopped, failed, finished, finished_with_exceptions or expired."
    )
    sheet: str = Field(description="The sheet being written, or the last one that was.")
    rows: int = Field(description="Rows written so far, over all sheets.")
    exceptions: int = Field(description="Rows on the sheet Exceptions.")
    requested: datetime
    started: datetime | None
    finished: datetime | None
    snapshot: str = Field(description="The snapshot of the tenant this job reads; it never changes.")
    sheets: dict[str, int] = Field(description="Rows per sheet (English names), once the file is finished.")
    peak_memory_mb: int | None = Field(description="Highest memory of the server process when the job ended.")


class JobStatus(Body):
    """Where a job stands."""

    job_status: int = Field(
        description="1 queued or running, 2 finished, 3 failed, 4 finished with exceptions, 5 stopping, 6 stopped.",
        examples=[2],
    )
    status: int = Field(default=200, description="The HTTP status again.")
    message: str = Field(default="", description="Empty, or what to know: exceptions, or why it failed.")
    progress: Progress


class ExportRefused(Body):
    """An error of an export or of the file call."""

    job_id: None = None
    status: int = Field(description="The HTTP status again.", examples=[400])
    message: str = Field(description="What is wrong, and what to do next.")
    trace_id: str = Field(description="Also in the header request-id and in the server's log.")


class StatusRefused(Body):
    """An error of the status call."""

    job_status: None = None
    status: int = Field(description="The HTTP status again.", examples=[404])
    message: str = Field(description="What is wrong, and what to do next.")
    trace_id: str = Field(description="Also in the header request-id and in the server's log.")
