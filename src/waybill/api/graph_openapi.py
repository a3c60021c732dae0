"""OpenAPI of the Graph calls: exports and reports from what each declares, and the calls around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from waybill.api import graph_operations, graph_profiles
from waybill.api.graph_report_settings import CHANGE_ACCESS, MEMBER, READ_ACCESS
from waybill.api.openapi import parameter
from waybill.export import Access, Export, Family, Field, Where

SECURITY = "graph"
TAG_EXPORTS, TAG_OPERATIONS, TAG_PROFILES, TAG_REPORTS = (
    "Personal data (Graph)",
    "Operations (Graph)",
    "Inbound profiles (Graph)",
    "Usage reports (Graph)",
)
_ERROR = "GraphError"
_TEXT = {"type": "string"}
_GUID = {"type": "string", "format": "uuid"}
_MOMENT = {"type": "string", "format": "date-time"}
_REFUSALS = {
    400: "Something in the request does not fit; error.code and error.message say what.",
    401: "No token, or one that is not accepted.",
    403: "The token, or the signed-in person's directory role, does not allow this.",
    404: "Nobody of this tenant has this id.",
    409: "Nothing has been loaded for this tenant yet.",
    429: "Too many requests, or too many exports waiting; see Retry-After.",
}
_MEMBER_SCHEMAS: dict[str, dict[str, Any]] = {
    "id": _GUID,
    "completedDateTime": {**_MOMENT, "nullable": True},
    "progress": {"type": "number", "format": "double", "description": "0.0 to 100.0."},
    "status": {"type": "string", "enum": list(graph_operations.OFFER.filters["status"] or ())},
    "storageLocation": {"type": "string", "nullable": True, "description": "The container, without its SAS."},
    "submittedDateTime": _MOMENT,
    "userId": _GUID,
}
_OPTIONS = {
    "$top": "How many at most on a page; @odata.nextLink leads to the next.",
    "$skip": "How many to leave out at the beginning.",
    "$filter": "Members compared with eq or ne; and, or, not and parentheses.",
    "$select": "The members wanted, separated by commas.",
}
_SETTINGS: dict[str, Any] = {"type": "object", "properties": {MEMBER: {"type": "boolean"}}}

Item = dict[str, Any]


def graph_paths(catalog: tuple[Export, ...]) -> dict[str, Item]:
    """Path -> its methods. Each call stands once, under the first version that has it."""
    found: dict[str, Item] = {}
    for export in catalog:
        if export.family is Family.GRAPH_OPERATION:
            found[f"/{export.versions[0]}{export.path}"] = {"post": _start(export)}
        if export.family is Family.GRAPH_REPORT:
            found |= _report(export)
    return {**found, **dict(_operations()), **dict(_profiles()), **_settings()} if found else {}


def graph_schemas() -> dict[str, Item]:
    """The bodies."""
    error = {"code": _TEXT, "message": _TEXT, "innerError": {"type": "object"}}
    return {
        _ERROR: _object({"error": _object(error, ("code", "message"))}, ("error",)),
        "DataPolicyOperation": _object(
            {name: _MEMBER_SCHEMAS[name] for name in graph_operations.OFFER.members}
        ),
        "InboundSharedUserProfile": _object(dict.fromkeys(graph_profiles.OFFER.members, _TEXT)),
        "ReportSettings": _SETTINGS,
    }


def graph_security(app_id_uri: str) -> Item:
    """Where Graph clients get their tokens."""
    scopes = {f"{app_id_uri}/.default": "All the Graph permissions that the application was given."}
    flow = {"tokenUrl": "/{tenant}/oauth2/v2.0/token", "scopes": scopes}
    return {
        "type": "oauth2",
        "description": "The token endpoint of Microsoft Entra's form, with the tenant's id or name in its path.",
        "flows": {"clientCredentials": flow},
    }


def _start(export: Export) -> Item:
    body = _object({"storageLocation": _TEXT}, ("storageLocation",))
    body["properties"]["storageLocation"] = {
        "type": "string",
        "description": "SAS URL of an empty container: create, add, write; neither read nor list.",
    }
    headers = {
        "Location": {"schema": _TEXT, "description": "The operation, to be asked until it has ended."},
        "Retry-After": {"schema": {"type": "integer"}},
    }
    accepted: Item = {"description": "Accepted; the operation is in Location.", "headers": headers}
    if export.accepted_body:
        members = {"Location": _TEXT, "Retry-After": {"type": "integer"}}
        accepted["content"] = _json(_object(members))
    call = _call(export.name, export.title, export.description, TAG_EXPORTS, export.access)
    call["description"] += _also(export)
    call["parameters"] = [_parameter(one) for one in export.fields]
    call["requestBody"] = {"required": True, "content": _json(body)}
    call["responses"] = {"202": accepted, **_refusals(400, 401, 403, 404, 409, 429)}
    return call


def _report(export: Export) -> dict[str, Item]:
    """One path for each overload, as OData counts them: a function of one parameter."""
    found: dict[str, Item] = {}
    for one in export.fields:
        if one.where is not Where.CALL:
            continue
        quote = "'" if one.quoted else ""
        name = f"{export.name}-{one.wire}"
        call = _call(name, f"{export.title}, by {one.wire}", export.description, TAG_REPORTS, export.access)
        call["description"] += _also(export)
        call["parameters"] = [_parameter(one)]
        found_at = {"ETag": {"schema": _TEXT}, "Location": {"schema": _TEXT}}
        call["responses"] = {
            "302": {
                "description": "The CSV lies at Location for a few minutes; no token is needed there.",
                "headers": found_at,
            },
            "304": {"description": "The client has this content already (If-None-Match)."},
            **_refusals(400, 401, 403, 409, 429),
        }
        path = f"/{export.versions[0]}{export.path}({one.wire}={quote}{{{one.wire}}}{quote})"
        found[path] = {"get": call}
    return found


def _operations() -> Iterator[tuple[str, Item]]:
    access = graph_operations.READ
    options = _options(
        {**_OPTIONS, "$orderby": "submittedDateTime, asc or desc.", "$count": "true or false."}
    )
    one = _call("dataPolicyOperation", "One operation", "How far an export is.", TAG_OPERATIONS, access)
    one["parameters"] = [_key("id", "The last part of the Location that the export answered.")]
    one["responses"] = {"200": _answer("DataPolicyOperation"), **_refusals(400, 401, 403)}
    many = _call("dataPolicyOperations", "Operations", "Newest first.", TAG_OPERATIONS, access)
    many["parameters"] = options
    many["responses"] = {"200": _answer("DataPolicyOperation", many=True), **_refusals(400, 401, 403)}
    yield f"/v1.0{graph_operations.SET}/{{id}}", {"get": one}
    yield f"/v1.0{graph_operations.SET}", {"get": many}


def _profiles() -> Iterator[tuple[str, Item]]:
    read, remove = graph_profiles.READ, graph_profiles.REMOVE
    words = "People of other organisations whom shared channels let in."
    many = _call("inboundSharedUserProfiles", "Inbound profiles", words, TAG_PROFILES, read)
    many["parameters"] = _options(_OPTIONS)
    many["responses"] = {
        "200": _answer("InboundSharedUserProfile", many=True),
        **_refusals(400, 401, 403, 409),
    }
    one = _call("inboundSharedUserProfile", "One inbound profile", words, TAG_PROFILES, read)
    one["parameters"] = [_key("userId", "The person's object id.")]
    one["responses"] = {"200": _answer("InboundSharedUserProfile"), **_refusals(400, 401, 403, 404, 409)}
    words = (
        "From now on the profile is not shown or exported from what was loaded before. Nothing is deleted at the "
        "source: if the source still names the person, what is loaded later shows them again."
    )
    gone = _call("removePersonalData", "Forget an inbound profile", words, TAG_PROFILES, remove)
    gone["parameters"] = [_key("userId", "The person's object id.")]
    gone["responses"] = {"204": {"description": "Noted."}, **_refusals(400, 401, 403, 404)}
    yield f"/beta{graph_profiles.SET}", {"get": many}
    yield f"/beta{graph_profiles.SET}/{{userId}}", {"get": one}
    yield f"/beta{graph_profiles.SET}/{{userId}}/removePersonalData", {"post": gone}


def _settings() -> dict[str, Item]:
    words = "Whether usage reports replace names by pseudonyms."
    get = _call("reportSettings", "Report settings", words, TAG_REPORTS, READ_ACCESS)
    get["responses"] = {"200": _answer("ReportSettings"), **_refusals(401, 403)}
    patch = _call("changeReportSettings", "Change report settings", words, TAG_REPORTS, CHANGE_ACCESS)
    patch["requestBody"] = {"required": True, "content": _json(_SETTINGS)}
    patch["responses"] = {"204": {"description": "Changed."}, **_refusals(400, 401, 403)}
    return {"/v1.0/admin/reportSettings": {"get": get, "patch": patch}}


def _call(name: str, title: str, words: str, tag: str, access: Access | None) -> Item:
    roles = list(access.app_roles) if access else []
    needed = f"An application needs one of: {', '.join(roles)}."
    return {
        "operationId": name,
        "summary": title,
        "description": f"{words}\n\n{needed}",
        "tags": [tag],
        "parameters": [],
        "security": [{SECURITY: []}],
        "x-app-roles": roles,
    }


def _also(export: Export) -> str:
    others = " and ".join(f"/{version}" for version in export.versions[1:])
    return f" Also under {others}." if others else ""


def _parameter(one: Field) -> Item:
    return {**parameter(one), "in": "path", "required": True}


def _key(name: str, words: str) -> Item:
    return {"name": name, "in": "path", "required": True, "description": words, "schema": _GUID}


def _options(options: dict[str, str]) -> list[Item]:
    return [
        {"name": name, "in": "query", "required": False, "description": words, "schema": _TEXT}
        for name, words in options.items()
    ]


def _object(members: dict[str, Any], required: tuple[str, ...] = ()) -> Item:
    made: Item = {"type": "object", "properties": members}
    return {**made, "required": list(required)} if required else made


def _reference(name: str) -> Item:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Item) -> Item:
    return {"application/json": {"schema": schema}}


def _answer(name: str, *, many: bool = False) -> Item:
    if not many:
        return {"description": "As it is now.", "content": _json(_reference(name))}
    members = {"@odata.nextLink": _TEXT, "value": {"type": "array", "items": _reference(name)}}
    return {"description": "One page.", "content": _json(_object(members, ("value",)))}


def _refusals(*statuses: int) -> dict[str, Item]:
    return {
        str(status): {"description": _REFUSALS[status], "content": _json(_reference(_ERROR))}
        for status in statuses
    }
