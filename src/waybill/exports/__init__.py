"""The catalog: every export Waybill offers. A new export is one new module here and one line below."""

from __future__ import annotations

from waybill.export import Export
from waybill.exports import (
    group_access,
    groups_activity,
    personal_data,
    shared_profile_data,
    site_permissions,
)

CATALOG: tuple[Export, ...] = (
    group_access.EXPORT,
    site_permissions.EXPORT,
    personal_data.EXPORT,
    shared_profile_data.EXPORT,
    groups_activity.EXPORT,
)
