"""`waybill jobs`: look at jobs and stop them, whether or not a server runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from waybill.cli import screen
from waybill.cli.options import Data, Json, Tenant, house_of

if TYPE_CHECKING:
    from waybill.jobs.table import Job

Number = Annotated[int, typer.Argument(help="The job's number, as the export call returned it.")]


def job_facts(job: Job) -> dict[str, Any]:
    """A job as JSON: what `jobs list` and `jobs show` print."""
    return {
        "job": job.number,
        "tenant": job.tenant,
        "export": job.export,
        "status": str(job.state),
        "snapshot": job.snapshot,
        "client_id": job.client_id,
        "requested": job.created.isoformat(),
        "started": job.started.isoformat() if job.started else None,
        "finished": job.finished.isoformat() if job.finished else None,
        "rows": {count.name: count.rows for count in job.counts} or None,
        "rows_so_far": job.rows,
        "exceptions": job.exceptions,
        "size": job.size or None,
        "sha256": job.sha256 or None,
        "error": job.error or None,
        "peak_memory_mb": job.process_peak_memory_mb or None,
    }


def list_jobs(
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this tenant's.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, newest first.")] = 50,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List jobs, newest first."""
    house = house_of(data)
    only = house.registry.tenant(tenant).id if tenant else None
    jobs = house.jobs.list(only, limit)
    if as_json:
        screen.result({"jobs": [job_facts(job) for job in jobs]})
        return
    names = {known.id: known.name for known in house.registry.tenants()}
    rows = [
        (
            job.number,
            names.get(job.tenant, job.tenant),
            job.export,
            job.state,
            f"{job.created:%Y-%m-%d %H:%M:%S}",
            job.rows,
            job.exceptions,
        )
        for job in jobs
    ]
    screen.table("Jobs", ("Job", "Tenant", "Export", "Status", "Requested (UTC)", "Rows", "Exceptions"), rows)


def show(number: Number, tenant: Tenant, data: Data = None, as_json: Json = False) -> None:
    """Show one job whole."""
    house = house_of(data)
    facts = job_facts(house.jobs.get(house.registry.tenant(tenant).id, number))
    if as_json:
        screen.result(facts)
        return
    for name, value in facts.items():
        screen.out.print(f"{name:<16}{'' if value is None else value}", markup=False)


def cancel(number: Number, tenant: Tenant, data: Data = None, as_json: Json = False) -> None:
    """Ask a job to stop; a running one stops within a batch of rows, also in another process."""
    house = house_of(data)
    job = house.jobs.cancel(house.registry.tenant(tenant).id, number, "cli")
    if as_json:
        screen.result({"job": job.number, "status": str(job.state)})
    else:
        screen.out.print(f"Job {job.number} is {str(job.state).replace('_', ' ')}.")


def register(cli: typer.Typer) -> None:
    group = typer.Typer(help="Look at jobs and stop them.", no_args_is_help=True)
    group.command("list")(list_jobs)
    group.command("show")(show)
    group.command("cancel")(cancel)
    cli.add_typer(group, name="jobs")
