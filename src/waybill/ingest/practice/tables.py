"""The base tables of schema.sql as Arrow schemas, for rows that are written one by one."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

_INT, _BIG, _SMALL = pa.int32(), pa.int64(), pa.int16()
_TEXT, _FLAG, _TIME, _DAY = pa.string(), pa.bool_(), pa.timestamp("us"), pa.date32()


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


TABLES: Mapping[str, pa.Schema] = {
    "principal": _schema(
        id=_INT, kind=_TEXT, entra_id=_TEXT, site=_INT, sp_id=_BIG, of_group=_INT, login=_TEXT, upn=_TEXT, email=_TEXT,
        name=_TEXT, user_type=_TEXT, external=_FLAG, status=_TEXT, membership=_TEXT, created_at=_TIME, last_sign_in=_TIME,
        reported_users=_BIG, home_tenant=_TEXT),
    "member": _schema(container=_INT, member=_INT),
    "owner": _schema(grp=_INT, principal=_INT),
    "site": _schema(
        id=_INT, guid=_TEXT, url=_TEXT, title=_TEXT, template=_TEXT, module=_TEXT, site_type=_TEXT, channel_name=_TEXT,
        privacy=_TEXT, external_sharing=_TEXT, label=_TEXT, grp=_INT, state=_TEXT, scanned_at=_TIME),
    "site_admin": _schema(site=_INT, principal=_INT, is_primary=_FLAG),
    "associated": _schema(site=_INT, role=_TEXT, principal=_INT),
    "channel_member": _schema(site=_INT, principal=_INT),
    "securable": _schema(
        id=_INT, site=_INT, parent=_INT, kind=_TEXT, name=_TEXT, url=_TEXT, has_acl=_FLAG, guid=_TEXT, modified_at=_TIME,
        label=_TEXT, sensitivity=_TEXT, data_type=_TEXT),
    "level": _schema(id=_SMALL, name=_TEXT, rank=_SMALL, limited=_FLAG),
    "acl": _schema(site=_INT, securable=_INT, principal=_INT, level=_SMALL),
    "link": _schema(
        principal=_INT, site=_INT, securable=_INT, link_id=_TEXT, share_id=_TEXT, scope=_TEXT, permission=_TEXT,
        created_by=_TEXT, created_at=_TIME, expires_at=_TIME, password=_FLAG, block_download=_FLAG),
    "invite": _schema(link=_INT, principal=_INT, redeemed=_FLAG),
    "drive_item": _schema(
        owner=_INT, path=_TEXT, kind=_TEXT, size=_BIG, created_at=_TIME, modified_at=_TIME, modified_by=_TEXT, content=_TEXT),
    "unified_group": _schema(
        grp=_INT, visibility=_TEXT, mailbox_items=_BIG, mailbox_bytes=_BIG, site_files=_BIG, site_bytes=_BIG,
        deleted_on=_DAY),
    "group_day": _schema(
        grp=_INT, day=_DAY, emails_received=_BIG, yammer_posted=_BIG, yammer_read=_BIG, yammer_liked=_BIG,
        pages_viewed=_BIG, channel_messages=_BIG, meetings=_BIG),
    "group_file_day": _schema(grp=_INT, day=_DAY, file=_BIG),
}  # fmt: skip
