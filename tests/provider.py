"""A small OpenID provider, for tests: discovery, keys, authorization code with PKCE, signed ID tokens.

It keeps to the protocol and checks what a client must do right: the registered address, the secret, the code
used once, the verifier that fits. A test says who sits at it, and how it lies.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "mandate", "a secret: of the client's"


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Provider:
    """What the provider knows and does: who sits at it, since when they are signed in there, and how it lies."""

    port: int
    back: str
    user: dict[str, Any] = field(default_factory=dict)
    signed_in_at: float = field(default_factory=time.time)
    says_when: bool = True
    #: What a token says that is not so, by claim; None leaves the claim out.
    lies: dict[str, Any] = field(default_factory=dict)
    #: "key" signs with a key nobody publishes, "none" and "shared" not at all or with the client's secret.
    signs: str = "right"
    down: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: rsa.RSAPrivateKey = field(default_factory=_key)
    kid: str = "first"

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}/company"

    def papers(self) -> dict[str, Any]:
        """Return what is published under the well-known address."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def keys(self) -> dict[str, Any]:
        """Return the public keys."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": self.kid, "use": "sig", "alg": "RS256"}]}

    def authorize(self, asked: dict[str, str]) -> str:
        """Return where the browser is sent, for the person who sits there; raises ValueError for a client in the wrong."""
        if asked.get("client_id") != CLIENT or asked.get("redirect_uri") != self.back:
            raise ValueError("unknown client or address")
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
            raise ValueError("not the code flow of OpenID Connect")
        if asked.get("code_challenge_method") != "S256" or len(asked.get("code_challenge", "")) != 43:
            raise ValueError("no PKCE")
        self.asked.append(asked)
        if not self.user:
            return f"{self.back}?{urlencode({'error': 'access_denied', 'state': asked['state']})}"
        if asked.get("prompt") == "login" or time.time() - self.signed_in_at > int(asked.get("max_age", 1 << 40)):
            self.signed_in_at = time.time()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{self.back}?{urlencode({'code': code, 'state': asked['state']})}"

    def redeem(self, sent: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Return the tokens of a code, or None where the client may not have them."""
        name, _colon, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        asked = self.codes.pop(sent.get("code", ""), None)
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        if (
            (unquote(name), unquote(secret)) != (CLIENT, SECRET)
            or asked is None
            or sent.get("grant_type") != "authorization_code"
            or sent.get("redirect_uri") != asked["redirect_uri"]
            or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]
        ):
            return None
        return {"access_token": "unused", "token_type": "Bearer", "id_token": self.token(asked)}

    def token(self, asked: dict[str, str]) -> str:
        """Return the ID token, as it is signed and as it lies."""
        now = int(time.time())
        said = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "email_verified": True,
            **({"auth_time": int(self.signed_in_at)} if self.says_when and "max_age" in asked else {}),
            **self.user,
            **self.lies,
        }
        said = {name: value for name, value in said.items() if value is not None}
        if self.signs == "none":
            return jwt.encode(said, None, algorithm="none", headers={"kid": self.kid})
        if self.signs == "shared":
            return jwt.encode(said, SECRET * 3, algorithm="HS256", headers={"kid": self.kid})
        key = _key() if self.signs == "key" else self.key
        return jwt.encode(said, key, algorithm="RS256", headers={"kid": self.kid})


@contextmanager
def served(back: str) -> Iterator[Provider]:
    """Serve a provider on a free port of this machine, for a client whose address to come back to is `back`."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            what = urlsplit(self.path).path.removeprefix("/company/")
            if what == "authorize":
                try:
                    return self.send(302, {}, Location=provider.authorize(asked))
                except ValueError as error:
                    return self.send(400, {"error": str(error)})
            found = {".well-known/openid-configuration": provider.papers, "keys": provider.keys}.get(what)
            self.send(404, {}) if found is None else self.send(200, found())

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            sent = {name: values[0] for name, values in parse_qs(body).items()}
            given = provider.redeem(sent, self.headers.get("Authorization", ""))
            self.send(200, given) if given else self.send(400, {"error": "invalid_grant"})

        def send(self, status: int, what: dict[str, Any], **headers: str) -> None:
            status = 500 if provider.down else status
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(what).encode())

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    provider = Provider(server.server_address[1], back)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
