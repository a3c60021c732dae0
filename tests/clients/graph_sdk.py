"""Microsoft's Python clients of Graph, unmodified: pointed at a server, with a token that is there already.

Importing them warns (they use what newer libraries call deprecated, which is theirs to change), so
tests import their names from here.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Coroutine
from typing import Any, TypeVar

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kiota_abstractions.authentication import (
        AccessTokenProvider,
        AllowedHostsValidator,
        BaseBearerTokenAuthenticationProvider,
    )
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from kiota_http.middleware.options import HeadersInspectionHandlerOption
    from msgraph import GraphRequestAdapter, GraphServiceClient
    from msgraph.generated.data_policy_operations.data_policy_operations_request_builder import (
        DataPolicyOperationsRequestBuilder,
    )
    from msgraph.generated.models.data_policy_operation_status import DataPolicyOperationStatus
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError
    from msgraph.generated.users.item.export_personal_data.export_personal_data_post_request_body import (
        ExportPersonalDataPostRequestBody,
    )
    from msgraph_beta import GraphRequestAdapter as BetaAdapter
    from msgraph_beta import GraphServiceClient as BetaClient
    from msgraph_beta.generated.directory.inbound_shared_user_profiles.item.export_personal_data.export_personal_data_post_request_body import (  # noqa: E501  the generated module's own name
        ExportPersonalDataPostRequestBody as ProfileBody,
    )
    from msgraph_beta.generated.models.o_data_errors.o_data_error import ODataError as BetaError
    from msgraph_core.tasks.page_iterator import PageIterator

__all__ = [
    "BetaClient",
    "BetaError",
    "DataPolicyOperationStatus",
    "DataPolicyOperationsRequestBuilder",
    "ExportPersonalDataPostRequestBody",
    "GraphServiceClient",
    "HeadersInspectionHandlerOption",
    "ODataError",
    "PageIterator",
    "ProfileBody",
    "RequestConfiguration",
    "beta_client",
    "run",
    "stable_client",
]


T = TypeVar("T")


class _Token(AccessTokenProvider):
    def __init__(self, value: str) -> None:
        self._value = value

    async def get_authorization_token(
        self, uri: str, additional_authentication_context: dict[str, Any] | None = None
    ) -> str:
        del uri, additional_authentication_context
        return self._value

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return AllowedHostsValidator([])


_OPEN: list[Any] = []


def run(task: Coroutine[Any, Any, T]) -> T:
    """Run what uses the clients, then close their connections: they have no way of their own to do so."""

    async def whole() -> T:
        try:
            return await task
        finally:
            while _OPEN:
                await _OPEN.pop().aclose()

    return asyncio.run(whole())


def stable_client(url: str, token: str) -> GraphServiceClient:
    """The v1.0 client of the server at `url` (without a version)."""
    adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(_Token(token)))
    adapter.base_url = f"{url}/v1.0"
    _OPEN.append(adapter._http_client._transport.transport)
    return GraphServiceClient(request_adapter=adapter)


def beta_client(url: str, token: str) -> BetaClient:
    """The beta client of the server at `url` (without a version)."""
    adapter = BetaAdapter(BaseBearerTokenAuthenticationProvider(_Token(token)))
    adapter.base_url = f"{url}/beta"
    _OPEN.append(adapter._http_client._transport.transport)
    return BetaClient(request_adapter=adapter)
