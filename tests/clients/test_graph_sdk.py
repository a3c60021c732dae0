"""Microsoft's own Python clients, unmodified but for their base URL, against the Graph face (graph.md 1, 9).

Over plain HTTP, which the clients allow to this machine alone; TLS and the token endpoint with these
clients are tested with the whole product.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.graph_house import (
    ADELE,
    CONTOSO,
    KENJI,
    LUCIA,
    NOBODY,
    NOW,
    ODD_NAME,
    PROSEWARE,
    GraphHouse,
    container,
)
from tests.clients.graph_sdk import (
    BetaClient,
    BetaError,
    DataPolicyOperationsRequestBuilder,
    DataPolicyOperationStatus,
    ExportPersonalDataPostRequestBody,
    GraphServiceClient,
    HeadersInspectionHandlerOption,
    ODataError,
    PageIterator,
    ProfileBody,
    RequestConfiguration,
    beta_client,
    run,
    stable_client,
)
from waybill.jobs.table import State

pytestmark = [
    # The generated clients use things that newer Python and pydantic call deprecated; they are theirs to change.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def stable(house: GraphHouse, token: str = "") -> GraphServiceClient:
    return stable_client(house.listening.url, token or house.token())


def beta(house: GraphHouse, token: str = "") -> BetaClient:
    return beta_client(house.listening.url, token or house.token())


def inspecting() -> tuple[HeadersInspectionHandlerOption, RequestConfiguration[Any]]:
    option = HeadersInspectionHandlerOption(inspect_response_headers=True)
    return option, RequestConfiguration(options=[option])


def location_of(option: HeadersInspectionHandlerOption) -> str:
    return str(next(iter(option.response_headers.get("location"))))


@pytest.mark.parametrize("key", [ADELE, "adele.vance@contoso.com", ODD_NAME])
def test_t01_export_with_the_sdk(graph_house: GraphHouse, key: str) -> None:
    """The client gets None and finds the operation in Location, for ids and names it encodes itself."""
    option, configuration = inspecting()
    body = ExportPersonalDataPostRequestBody(storage_location=container())
    builder = stable(graph_house).users.by_user_id(key).export_personal_data
    assert run(builder.post(body, request_configuration=configuration)) is None
    operation = location_of(option).rpartition("/")[2]
    found = run(beta(graph_house).data_policy_operations.by_data_policy_operation_id(operation).get())
    assert found is not None
    assert found.id == operation
    assert option.response_headers.get("retry-after") == {"60"}


def test_t02_profile_export_with_the_sdk(graph_house: GraphHouse) -> None:
    """The beta client exports an inbound profile; its operation is read by the v1.0 client."""
    option, configuration = inspecting()
    builder = beta(graph_house).directory.inbound_shared_user_profiles.by_inbound_shared_user_profile_user_id(
        KENJI
    )
    run(builder.export_personal_data.post(ProfileBody(storage_location=container()), configuration))
    operation = location_of(option).rpartition("/")[2]
    found = run(stable(graph_house).data_policy_operations.by_data_policy_operation_id(operation).get())
    assert found is not None
    assert found.user_id == KENJI


def test_t08_me_with_the_sdk(graph_house: GraphHouse) -> None:
    """`client.me` is the signed-in person."""
    token = graph_house.person_token("User.Export.All", roles=("Global Administrator",))
    option, configuration = inspecting()
    body = ExportPersonalDataPostRequestBody(storage_location=container())
    run(stable(graph_house, token).me.export_personal_data.post(body, request_configuration=configuration))
    assert "/v1.0/dataPolicyOperations/" in location_of(option)


def test_t10_operation_with_the_sdk(graph_house: GraphHouse) -> None:
    """Every member arrives as the type the client's model has."""
    operation = graph_house.started()
    graph_house.put(operation, State.FINISHED)
    found = run(stable(graph_house).data_policy_operations.by_data_policy_operation_id(operation).get())
    assert found is not None
    assert (found.status, found.progress) == (DataPolicyOperationStatus.Complete, 100.0)
    assert (found.submitted_date_time, found.completed_date_time) == (NOW, NOW)
    assert (found.user_id, set(found.additional_data)) == (ADELE, {"@odata.context"})
    assert (found.storage_location or "").startswith("https://contosoexports.blob.core.windows.net/")


def test_list_options_with_the_sdk(graph_house: GraphHouse) -> None:
    """The client's own query parameters work, its page iterator walks all pages, its count is a number."""
    for _ in range(3):
        graph_house.started()
    client = stable(graph_house)
    parameters = DataPolicyOperationsRequestBuilder.DataPolicyOperationsRequestBuilderGetQueryParameters(
        top=2, filter="status eq 'notStarted'", orderby=["submittedDateTime desc"], select=["id"], count=True
    )

    async def all_pages() -> tuple[int, list[str]]:
        page = await client.data_policy_operations.get(RequestConfiguration(query_parameters=parameters))
        assert page is not None
        found: list[str] = []
        iterator = PageIterator(page, client.request_adapter)

        def keep(one: Any) -> bool:
            found.append(str(one.id))
            return True

        await iterator.iterate(keep)
        assert await client.data_policy_operations.count.get() >= len(found)
        return page.odata_count or 0, found

    count, found = run(all_pages())
    assert len(found) == len(set(found)) == count >= 3


@pytest.mark.parametrize(
    "case", ["bad location", "bad id", "no operation", "no permission", "no token", "no path"]
)
def test_t23_errors_with_the_sdk(graph_house: GraphHouse, case: str) -> None:
    """Each error arrives as ODataError with code, message and both ids, never as a bare APIError."""
    client = stable(graph_house)
    body = ExportPersonalDataPostRequestBody(storage_location="bad")
    expected = {
        "bad location": (400, "StorageLocationInvalid", client.users.by_user_id(ADELE).export_personal_data.post(body)),
        "bad id": (400, "InvalidInput", client.users.by_user_id("x y/z").export_personal_data.post(body)),
        "no operation": (
            400, "OperationNotFound", client.data_policy_operations.by_data_policy_operation_id(NOBODY).get(),
        ),
        "no permission": (
            403,
            "Authorization_RequestDenied",
            stable(graph_house, graph_house.token("")).data_policy_operations.get(),
        ),
        "no token": (401, "InvalidAuthenticationToken", stable(graph_house, "no.to.ken").data_policy_operations.get()),
        "no path": (404, "ResourceNotFound", client.organization.get()),
    }  # fmt: skip
    status, code, call = expected.pop(case)
    for _, _, other in expected.values():
        other.close()
    with pytest.raises(ODataError) as raised:
        run(call)
    error = raised.value.error
    assert error is not None
    assert error.inner_error is not None
    assert (raised.value.response_status_code, error.code) == (status, code)
    assert error.message
    assert error.inner_error.request_id == error.inner_error.client_request_id
    assert error.inner_error.date is not None
    assert raised.value.response_headers["request-id"] == error.inner_error.request_id


def test_t25_profiles_with_the_sdk(graph_house: GraphHouse) -> None:
    """The beta client lists and gets profiles, and asks for one to be forgotten."""
    profiles = beta(graph_house).directory.inbound_shared_user_profiles

    async def all_of_it() -> None:
        page = await profiles.get()
        assert page is not None
        assert {one.user_id for one in page.value or []} == {KENJI, LUCIA}
        one = profiles.by_inbound_shared_user_profile_user_id(KENJI)
        found = await one.get()
        assert found is not None
        assert (found.display_name, found.home_tenant_id) == ("Kenji Sato", PROSEWARE)
        assert await one.remove_personal_data.post() is None
        with pytest.raises(BetaError) as raised:
            await one.get()
        assert raised.value.error is not None
        assert raised.value.error.code == "Request_ResourceNotFound"

    run(all_of_it())
    graph_house.ingest(CONTOSO, NOW.replace(tzinfo=None, hour=NOW.hour + 1))
