"""The three Graph systems, asked by Microsoft's own SDKs, which know nothing of Waybill but its address."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from azure.identity.aio import CertificateCredential, ClientSecretCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_http.middleware.options import HeadersInspectionHandlerOption
from msgraph import GraphServiceClient as GraphV1
from msgraph.generated.users.item.export_personal_data.export_personal_data_post_request_body import (
    ExportPersonalDataPostRequestBody as UserBody,
)
from msgraph_beta import GraphServiceClient as GraphBeta
from msgraph_beta.generated.directory.inbound_shared_user_profiles.item.export_personal_data.export_personal_data_post_request_body import (  # noqa: E501  # the SDK names it so
    ExportPersonalDataPostRequestBody as InboundBody,
)
from msgraph_beta.generated.models.admin_report_settings import AdminReportSettings

PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class SignIn:
    """Where to sign in and as whom: by a secret, or by the PEM file `certificate` with its private key.

    `ca` is the file that vouches for the server's certificate.
    """

    url: str
    tenant: str
    client_id: str
    ca: str
    secret: str = field(default="", repr=False)
    certificate: str = ""

    def credential(self) -> ClientSecretCredential | CertificateCredential:
        """Microsoft's own credential, told where we are."""
        ours: dict[str, Any] = {
            "authority": self.url,
            "disable_instance_discovery": True,
            "connection_verify": self.ca,
        }
        if self.certificate:
            return CertificateCredential(self.tenant, self.client_id, self.certificate, **ours)
        return ClientSecretCredential(self.tenant, self.client_id, self.secret, **ours)


@dataclass(frozen=True, slots=True)
class Ended:
    """An operation that is over, as the SDK shows it."""

    id: str
    status: str
    progress: float
    subject: str
    storage_location: str


@dataclass(frozen=True, slots=True)
class Report:
    """The groups activity report: its CSV (v1.0), and how many typed objects the beta SDK made of it."""

    csv: bytes
    objects: int


class GraphClients:
    """Both SDKs, signed in, pointed at a server of our own by base URL and authority."""

    def __init__(self, sign_in: SignIn) -> None:
        self._credential = sign_in.credential()
        scopes = ["https://graph.microsoft.com/.default"]
        hosts_are_ours: Any = self._credential
        self.v1 = GraphV1(hosts_are_ours, scopes=scopes)
        self.v1.request_adapter.base_url = f"{sign_in.url}/v1.0"
        self.beta = GraphBeta(hosts_are_ours, scopes=scopes)
        self.beta.request_adapter.base_url = f"{sign_in.url}/beta"

    async def close(self) -> None:
        """Close all connections; the SDKs have no way of their own to close theirs."""
        await self._credential.close()
        for client in (self.v1, self.beta):
            await client.request_adapter._http_client._transport.transport.aclose()

    async def export_user(self, user: str, storage_location: str) -> Ended:
        """POST /v1.0/users/{id}/exportPersonalData, and the operation until it is over."""
        seen = HeadersInspectionHandlerOption(inspect_response_headers=True)
        asked: RequestConfiguration[Any] = RequestConfiguration(options=[seen])
        body = UserBody(storage_location=storage_location)
        await self.v1.users.by_user_id(user).export_personal_data.post(body, request_configuration=asked)
        return await self._follow(_location(seen))

    async def export_inbound(self, user: str, storage_location: str) -> Ended:
        """POST /beta/directory/inboundSharedUserProfiles/{userId}/exportPersonalData, and its operation."""
        seen = HeadersInspectionHandlerOption(inspect_response_headers=True)
        asked: RequestConfiguration[Any] = RequestConfiguration(options=[seen])
        profile = self.beta.directory.inbound_shared_user_profiles.by_inbound_shared_user_profile_user_id(
            user
        )
        body = InboundBody(storage_location=storage_location)
        await profile.export_personal_data.post(body, request_configuration=asked)
        return await self._follow(_location(seen))

    async def inbound_profile(self) -> str:
        """The id of some person of another organisation who reaches us through a shared channel."""
        page = await self.beta.directory.inbound_shared_user_profiles.get()
        return str(page.value[0].user_id) if page and page.value else ""

    async def show_names(self) -> None:
        """PATCH /beta/admin/reportSettings: a new tenant conceals the names in its usage reports."""
        await self.beta.admin.report_settings.patch(AdminReportSettings(display_concealed_names=False))

    async def groups_activity(self, period: str) -> Report:
        """The report as bytes by the v1.0 SDK, through the 302, and as typed objects by the beta one."""
        csv = await self.v1.reports.get_office365_groups_activity_detail_with_period(period).get()
        page = await self.beta.reports.get_office365_groups_activity_detail_with_period(period).get()
        return Report(csv or b"", len(page.value or []) if page else 0)

    async def _follow(self, operation: str) -> Ended:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                found = await self.v1.data_policy_operations.by_data_policy_operation_id(operation).get()
                if found is not None and found.completed_date_time is not None:
                    break
                await asyncio.sleep(_POLL_SECONDS)
        status = found.status.value if found.status else ""
        return Ended(
            operation, status, found.progress or 0.0, found.user_id or "", found.storage_location or ""
        )


def _location(seen: HeadersInspectionHandlerOption) -> str:
    """The operation's id: the last segment of Location, which the SDK shows only on request."""
    return str(next(iter(seen.response_headers.get("location")))).rpartition("/")[2]
