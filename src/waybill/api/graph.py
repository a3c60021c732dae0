"""The Graph face as a whole: its paths, its routes, its errors and its headers."""

from __future__ import annotations

from starlette.routing import BaseRoute

from waybill.api.graph_errors import graph_error_answer, graph_headers
from waybill.api.graph_operations import operation_patterns, operation_routes
from waybill.api.graph_paths import GraphPattern, find_graph, version_of
from waybill.api.graph_profiles import profile_patterns, profile_routes
from waybill.api.graph_reports import DOWNLOAD, report_patterns, report_routes
from waybill.api.services import Services
from waybill.api.urls import Match, find
from waybill.api.visit import Face
from waybill.export import Export


def graph_patterns(catalog: tuple[Export, ...]) -> tuple[GraphPattern, ...]:
    """Every path below the version roots."""
    return (*operation_patterns(catalog), *profile_patterns(), *report_patterns(catalog))


def graph_face(catalog: tuple[Export, ...]) -> Face:
    """Everything below the version roots, known or not, is this face's; and the files of its reports."""
    patterns = graph_patterns(catalog)

    def found(path: bytes) -> Match | None:
        return find((DOWNLOAD,), path) if version_of(path) is None else find_graph(patterns, path)

    return Face(
        owns=lambda path: version_of(path) is not None or find((DOWNLOAD,), path) is not None,
        find=found,
        refuse=graph_error_answer,
        headers=graph_headers,
    )


def graph_routes(catalog: tuple[Export, ...], services: Services) -> list[BaseRoute]:
    """The routes of this face, for `Services.graph`."""
    return [
        *operation_routes(catalog, services),
        *profile_routes(services),
        *report_routes(catalog, services),
    ]
