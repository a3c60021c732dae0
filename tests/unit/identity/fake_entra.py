"""An authority on loopback that publishes keys as Microsoft Entra does, and signs tokens with them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc.jwk import RSAKey

from tests.unit.identity.graph_parts import APP_ID_URI, CONTOSO
from tests.unit.identity.identity_parts import rsa_key
from tests.unit.identity.test_tokens import raw_token, without_none

CLIENT = "11111111-2222-3333-4444-555555555555"


@dataclass
class FakeEntra:
    """Keys by id; `asked` are the paths that were fetched. `answer` replaces (status, body)."""

    url: str = ""
    keys: dict[str, RSAKey] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    answer: tuple[int, bytes] | None = None
    location: str = ""

    def key(self, kid: str) -> RSAKey:
        """The key of this id, published from now on."""
        return self.keys.setdefault(kid, RSAKey.import_key(rsa_key(f"entra {kid}")))

    def jwks(self) -> bytes:
        listed = [
            {**key.as_dict(private=False), "kid": kid, "use": "sig", "x5t": kid, **self.extra}
            for kid, key in self.keys.items()
        ]
        odd: list[dict[str, Any]] = [{"kty": "EC", "kid": "ec"}, {"kty": "RSA", "kid": "broken", "n": "!"}]
        return json.dumps({"keys": [*odd, *listed]}).encode()

    def claims(self, now: int, version: str = "2.0", tenant: str = CONTOSO, **changed: Any) -> dict[str, Any]:
        """The claims of a good app-only token; None leaves one out."""
        good = {
            "aud": APP_ID_URI,
            "iss": f"{self.url}/{tenant}/" + ("v2.0" if version == "2.0" else ""),
            "tid": tenant,
            "ver": version,
            "azp" if version == "2.0" else "appid": CLIENT,
            "oid": "0f1e2d3c-0000-4000-8000-000000000001",
            "sub": "0f1e2d3c-0000-4000-8000-000000000001",
            "roles": ["User.Export.All"],
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
        }
        return without_none({**good, **changed})

    def sign(self, claims: dict[str, Any], kid: str = "one", **header: Any) -> str:
        members = without_none({"alg": "RS256", "typ": "JWT", "kid": kid, "x5t": kid, **header})
        return raw_token(members, claims, self.key(kid))


@contextmanager
def fake_entra() -> Iterator[FakeEntra]:
    """Serve it until the end of the block."""
    entra = FakeEntra()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            entra.asked.append(self.path)
            status, body = entra.answer or (200, entra.jwks())
            self.send_response(status)
            if entra.location:
                self.send_header("location", entra.location)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Tests read `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        entra.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield entra
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
