"""The live page: parse what is typed, with the parsers that it was started with.

It is made for one user on one machine, or a small group: the length of a text and the rate of requests are
limited, one text is parsed at a time, and the page loads nothing from elsewhere. It answers only under names
of this machine: a page elsewhere can make its own name lead here, and then read the answers (DNS rebinding).
"""

from __future__ import annotations

import socket
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from onlstm_parse.display.views import View, page_file
from onlstm_parse.errors import OnlstmError
from onlstm_parse.parsers.base import Parser

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

LONGEST_BODY = 64 * 1024  # bytes
MOST_WORDS = 500
LOOPBACK = ("localhost", "127.0.0.1", "::1")
RATE, BURST = 20.0, 40  # requests a second of one client, and how many at once
PAGES = {
    "/": ("serve.html", "text/html"),
    "/viewer.js": ("viewer.js", "text/javascript"),
    "/serve.js": ("serve.js", "text/javascript"),
    "/viewer.css": ("viewer.css", "text/css"),
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class RefusedError(Exception):
    """A request that is not answered: the HTTP status, and one line that says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Rates:
    """A bucket of tokens for each client: `burst` at once, then `rate` a second."""

    def __init__(
        self, rate: float = RATE, burst: int = BURST, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate, self.burst, self.now = rate, burst, now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> None:
        """Raises RefusedError if the client has asked too often."""
        now = self.now()
        left, then = self._left.pop(client, (float(self.burst), now))
        left = min(left + (now - then) * self.rate, self.burst)
        self._left[client] = (max(left - 1, 0.0), now) if left >= 1 else (left, now)
        while len(self._left) > 1000:
            self._left.popitem(last=False)
        if left < 1:
            raise RefusedError(429, "too many requests: wait a second")


class Wish(NamedTuple):
    """The tree that a reader wants: by which parser, layer and rule."""

    parser: int
    layer: int | None
    rule: str


def application(
    parsers: Mapping[str, Parser],
    rates: Rates | None = None,
    host: str = LOOPBACK[0],
    allowed: Collection[str] = (),
) -> Starlette:
    """The page and what it asks for, over parsers by name; `host` and `allowed` as in `is_ours`."""
    from anyio import CapacityLimiter, to_thread
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.middleware.base import BaseHTTPMiddleware
    from starlette.responses import JSONResponse, PlainTextResponse
    from starlette.routing import Route

    rates = rates or Rates()
    models = list(parsers.values())
    for parser in models:
        parser.confidence = 0  # the page shows all brackets, and how sure the parser is of them
    one_at_a_time = CapacityLimiter(1)

    async def only_ours(request: Request, answered: Callable[[Request], Awaitable[Response]]) -> Response:
        name = host_of(request.headers.get("host", ""))
        if not is_ours(name, host, allowed):
            reason = f"not a name of this machine: {name!r}; serve --allow-host makes it one"
            return await refused(request, RefusedError(403, reason))
        return await answered(request)

    async def page(request: Request) -> Response:
        name, kind = PAGES[request.url.path]
        return PlainTextResponse(page_file(name), headers=HEADERS, media_type=kind)

    async def described(request: Request) -> Response:
        return JSONResponse({"parsers": [_facts(*pair) for pair in parsers.items()]}, headers=HEADERS)

    async def parse(request: Request) -> Response:
        rates.take(request.client.host if request.client else "")
        text, wishes = _read(await _body(request), models)
        views = await to_thread.run_sync(lambda: _views(models, text, wishes), limiter=one_at_a_time)
        return JSONResponse({"views": [view.content for view in views]}, headers=HEADERS)

    async def refused(request: Request, error: Exception) -> Response:
        status, reason = 500, "the parser failed"
        if isinstance(error, RefusedError):
            status, reason = error.status, error.reason
        elif isinstance(error, HTTPException):
            status, reason = error.status_code, error.detail
        return JSONResponse({"error": reason}, status, headers=HEADERS)

    routes = [Route(path, page) for path in PAGES]
    routes += [Route("/parsers", described), Route("/parse", parse, methods=["POST"])]
    handlers = {RefusedError: refused, HTTPException: refused, Exception: refused}
    checks = [Middleware(BaseHTTPMiddleware, dispatch=only_ours)]
    return Starlette(routes=routes, exception_handlers=handlers, middleware=checks)  # type: ignore[arg-type]


def host_of(header: str) -> str:
    """The name in a Host header, without a port; empty for what is none.

    >>> host_of("Localhost:8000"), host_of("[::1]:8000"), host_of("[::1")
    ('localhost', '::1', '')
    """
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def is_ours(name: str, host: str, allowed: Collection[str] = ()) -> bool:
    """Whether requests under this name are answered by a server that listens on `host`.

    Those of the loopback device, `host` itself and names that are allowed are ours. A server for the network
    is also reached by the name of the machine and by its addresses, which no page elsewhere can make its own.
    """
    if name in map(str.lower, (*LOOPBACK, host, *allowed)):
        return True
    return host not in LOOPBACK and (name == socket.gethostname().lower() or _is_address(name))


def _is_address(name: str) -> bool:
    try:
        return bool(ip_address(name))
    except ValueError:
        return False


def _facts(name: str, parser: Parser) -> dict[str, Any]:
    return {
        "name": name,
        "layers": list(range(1, parser.layers + 1)),
        "layer": parser.layer,
        "rules": sorted(parser.rules, key=lambda rule: rule != parser.rule),
        "of_one_layer": [rule for rule in parser.rules if parser.layer_of(rule) is not None],
    }


async def _body(request: Request) -> Any:
    """The JSON of a request. Raises RefusedError; a body that is too long is not read to its end."""
    import json

    content = b""
    async for part in request.stream():
        content += part
        if len(content) > LONGEST_BODY:
            raise RefusedError(413, f"longer than {LONGEST_BODY // 1024} KiB: parse it as a file")
    try:
        return json.loads(content)
    except ValueError:
        raise RefusedError(400, "expected JSON") from None


def _read(body: Any, parsers: Sequence[Parser]) -> tuple[str, list[Wish]]:
    """The text and the wishes of a request. Raises RefusedError."""
    try:
        text, wishes = body["text"], [Wish(**wish) for wish in body["wishes"]]
        known = all(
            0 <= wish.parser < len(parsers)
            and wish.rule in parsers[wish.parser].rules
            and (wish.layer is None or 1 <= wish.layer <= parsers[wish.parser].layers)
            for wish in wishes
        )
    except (KeyError, TypeError):
        text, wishes, known = None, [], False
    if not isinstance(text, str) or not known or not 1 <= len(wishes) <= 2:
        raise RefusedError(400, "expected a text, and one or two wishes: parser, layer, rule")
    return " ".join(text.split()), wishes


def _views(parsers: Sequence[Parser], text: str, wishes: Sequence[Wish]) -> list[View]:
    views = []
    for parser, layer, rule in wishes:
        sentence = parsers[parser].reader.encode(text)
        if len(sentence.words) > MOST_WORDS:
            raise RefusedError(
                413, f"{len(sentence.words):,} words, more than {MOST_WORDS}: parse it as a file"
            )
        layer = layer if parsers[parser].layer_of(rule) is not None else None
        analysis = parsers[parser].analyse([sentence], all_layers=True)[0]
        views.append(View(layer, rule, parsers[parser].tree(sentence, analysis, rule, layer)))
    return views


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises OnlstmError where that is not possible."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # whoever comes before the first answer waits
    except OSError as error:
        listening.close()
        raise OnlstmError(
            f"cannot listen on {host}:{port}: {error.strerror}", remedy="choose another with --port"
        ) from error
    return listening
