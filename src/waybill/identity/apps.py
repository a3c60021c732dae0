"""Registered applications: who may ask for tokens, for which tenant, with which permissions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa

from waybill.audit import Entry, record
from waybill.clock import Clock
from waybill.control import metadata
from waybill.errors import BadRequest, NotFound
from waybill.identity.certificates import Certificate, read_certificate
from waybill.identity.secret_hash import NOBODYS, hash_secret, secret_fits

LONGEST_ID = 64

application = sa.Table(
    "application",
    metadata,
    sa.Column("client_id", sa.String(LONGEST_ID), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("tenant", sa.String(256), nullable=False, index=True),
    sa.Column("permissions", sa.Text, nullable=False),  # scope tokens, joined by one blank
    sa.Column("secret_hash", sa.Text),  # empty: certificates only
    sa.Column("created", sa.BigInteger, nullable=False),  # seconds since 1970, UTC
    sa.Column("disabled", sa.BigInteger),
)

application_certificate = sa.Table(
    "application_certificate",
    metadata,
    sa.Column("client_id", sa.ForeignKey("application.client_id"), primary_key=True),
    sa.Column("thumbprint", sa.String(64), primary_key=True),  # SHA-256, hex
    sa.Column("pem", sa.Text, nullable=False),
    sa.Column("added", sa.BigInteger, nullable=False),
)

MOST_CERTIFICATES = 10
"""Per application: enough to renew without a gap; each one may cost a signature check per request."""

_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,200}")  # RFC 6749 3.3
_LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class App:
    """One registered application. It belongs to exactly one tenant. Holds no secret, not even hashed."""

    client_id: str
    name: str
    tenant: str
    permissions: tuple[str, ...]
    has_secret: bool
    certificates: tuple[Certificate, ...]
    created: datetime
    disabled: datetime | None = None


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """What a new application is given, once. `client_secret` is empty for one with a certificate."""

    client_id: str
    tenant: str
    client_secret: str = field(repr=False)


class Apps:
    """The applications in the control store."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def create(
        self, name: str, tenant: str, permissions: tuple[str, ...], certificate: str = ""
    ) -> AppCredentials:
        """Register an application.

        With `certificate` (PEM text) no secret is made: a credential nobody uses can only be stolen.
        Without one, the answer holds the secret; only its hash is stored, so it is never shown again.
        Raises BadRequest.
        """
        _check_text(name, "The application's name", _LONGEST_NAME)
        _check_text(tenant, "The tenant", 256)
        if not permissions:
            raise BadRequest(
                "An application without permissions can do nothing.",
                "Give at least one, for example insights.graph.readwrite.all.",
            )
        for permission in permissions:
            if not _SCOPE_TOKEN.fullmatch(permission):
                raise BadRequest(
                    f"{permission!r} cannot be a permission.",
                    "A permission is one word of printable ASCII, without blank, quote or backslash.",
                )
        parsed = read_certificate(certificate) if certificate else None
        secret = "" if parsed else self._clock.secret()
        client_id = self._clock.guid()
        with self._engine.begin() as connection:
            connection.execute(
                application.insert().values(
                    client_id=client_id,
                    name=name,
                    tenant=tenant,
                    permissions=" ".join(dict.fromkeys(permissions)),
                    secret_hash=hash_secret(secret) if secret else None,
                    created=self._seconds(),
                )
            )
            if parsed:
                self._attach(connection, client_id, parsed)
            self._audit(connection, "app.create", client_id, tenant, name=name, permissions=list(permissions))
        return AppCredentials(client_id, tenant, secret)

    def find(self, client_id: str) -> App | None:
        """The application with this id, disabled or not; None if there is none."""
        if not _can_be_id(client_id):
            return None
        with self._engine.connect() as connection:
            row = connection.execute(
                sa.select(application).where(application.c.client_id == client_id)
            ).first()
            return self._app(connection, row) if row else None

    def registered(self, tenant: str = "") -> tuple[App, ...]:
        """All applications (of one tenant), oldest first."""
        chosen = sa.select(application).order_by(application.c.created, application.c.client_id)
        if tenant:
            chosen = chosen.where(application.c.tenant == tenant)
        with self._engine.connect() as connection:
            return tuple(self._app(connection, row) for row in connection.execute(chosen).all())

    def add_certificate(self, client_id: str, pem: str) -> Certificate:
        """Let the application also sign with this certificate. Adding it twice changes nothing.

        Raises NotFound, or BadRequest for a certificate that cannot be used.
        """
        parsed = read_certificate(pem)
        with self._engine.begin() as connection:
            tenant = _tenant_of(connection, client_id)
            self._attach(connection, client_id, parsed)
            self._audit(connection, "app.add-certificate", client_id, tenant, thumbprint=parsed.thumbprint)
        return parsed

    def disable(self, client_id: str) -> None:
        """Take all access away. No new token at once; tokens in use die within a minute. Raises NotFound."""
        with self._engine.begin() as connection:
            tenant = _tenant_of(connection, client_id)
            connection.execute(
                application.update()
                .where(application.c.client_id == client_id, application.c.disabled.is_(None))
                .values(disabled=self._seconds())
            )
            self._audit(connection, "app.disable", client_id, tenant)

    def with_secret(self, client_id: str, secret: str) -> App | None:
        """The enabled application that has this secret, or None; unknown and wrong take equally long."""
        stored: str | None = None
        if _can_be_id(client_id):
            with self._engine.connect() as connection:
                stored = connection.execute(
                    sa.select(application.c.secret_hash).where(application.c.client_id == client_id)
                ).scalar()
        if not secret_fits(secret, stored or NOBODYS) or not stored:
            return None
        app = self.find(client_id)
        return app if app and not app.disabled else None

    def _attach(self, connection: sa.Connection, client_id: str, certificate: Certificate) -> None:
        if certificate.valid_until < self._clock.now():
            raise BadRequest(
                f"The certificate expired on {certificate.valid_until:%Y-%m-%d}.", "Give a current one."
            )
        table = application_certificate
        have = connection.execute(sa.select(table.c.thumbprint).where(table.c.client_id == client_id))
        known = set(have.scalars())
        if certificate.thumbprint in known:
            return
        if len(known) >= MOST_CERTIFICATES:
            raise BadRequest(
                f"The application already has {MOST_CERTIFICATES} certificates.",
                "Register a new application for the new certificate.",
            )
        connection.execute(
            table.insert().values(
                client_id=client_id,
                thumbprint=certificate.thumbprint,
                pem=certificate.pem,
                added=self._seconds(),
            )
        )

    def _app(self, connection: sa.Connection, row: sa.Row[tuple[object, ...]]) -> App:
        table = application_certificate
        pems = connection.execute(
            sa.select(table.c.pem).where(table.c.client_id == row.client_id).order_by(table.c.added)
        ).scalars()
        return App(
            client_id=row.client_id,
            name=row.name,
            tenant=row.tenant,
            permissions=tuple(row.permissions.split(" ")),
            has_secret=row.secret_hash is not None,
            certificates=tuple(read_certificate(pem) for pem in pems),
            created=datetime.fromtimestamp(row.created, UTC),
            disabled=datetime.fromtimestamp(row.disabled, UTC) if row.disabled is not None else None,
        )

    def _audit(
        self, connection: sa.Connection, action: str, client_id: str, tenant: str, **detail: object
    ) -> None:
        # Applications are administered on this machine, not by a client: nobody's id stands as the asker.
        record(connection, Entry(self._clock.now(), tenant, "", action, client_id, detail))

    def _seconds(self) -> int:
        return int(self._clock.now().timestamp())


def _check_text(value: str, what: str, longest: int) -> None:
    if not value.strip():
        raise BadRequest(f"{what} is empty.", "Give one.")
    if len(value) > longest:
        raise BadRequest(f"{what} is longer than {longest} characters.", "Give a shorter one.")
    if any("\ud800" <= character <= "\udfff" or character == "\0" for character in value):
        raise BadRequest(f"{what} holds characters that are not text.", "Give it as UTF-8.")


def _can_be_id(client_id: str) -> bool:
    """Strangers' ids reach the database only if it can take them: no NUL, no half characters."""
    return len(client_id) <= LONGEST_ID and client_id.isprintable()


def _tenant_of(connection: sa.Connection, client_id: str) -> str:
    tenant = connection.execute(
        sa.select(application.c.tenant).where(application.c.client_id == client_id)
    ).scalar()
    if tenant is None:
        raise NotFound(f"There is no application {client_id}.", "Check the client id.")
    return str(tenant)
