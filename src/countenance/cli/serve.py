# SPDX-License-Identifier: Apache-2.0
"""The command `serve`: the HTTP API and the pages, in one process."""

from __future__ import annotations

import ipaddress
import logging
import re
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import DEFAULT_DATA, Data, Json, Output, engine_command
from countenance.errors import BadInput

if TYPE_CHECKING:
    from countenance.api.settings import Settings
    from countenance.bootstrap import Engine
    from countenance.services.breached import BreachedPasswords
    from countenance.services.provider import Provider

_GRACE_S = 30
_LONGEST_HEAD = 64 * 1024  # bytes of request line and headers that wait for their end
_SUBJECT = re.compile(r"\bsub_[0-9a-z]{16}\b")
_SHOWN = {code: repr(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}
_MOST_AT_ONCE = 500  # connections; what comes on top is told 503


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(serve)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; this machine alone by default.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8470,
    origin: Annotated[
        str | None,
        typer.Option(
            help="Where browsers reach it, such as https://faces.museum.example behind a proxy that ends TLS."
        ),
    ] = None,
    photos: Annotated[
        list[Path] | None, typer.Option(help="A folder that operators may ingest from; may be given several times.")
    ] = None,
    retention_hour: Annotated[
        int,
        typer.Option(help="Hour of the day from which whose time is up is destroyed, once a day.", min=0, max=23),
    ] = 3,
    oidc: Annotated[
        Path | None,
        typer.Option(help="A file that names the organisation's identity provider (OpenID Connect); docs/access.md."),
    ] = None,
    breached: Annotated[
        Path | None,
        typer.Option(help="A list of breached passwords that new ones are looked up in; docs/access.md."),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option(
            help="IP address of the proxy before this server; its X-Forwarded-For is believed, nobody else's."
        ),
    ] = None,
    *,
    passkeys_only: Annotated[
        bool, typer.Option("--passkeys-only", help="Take no passwords; who has no passkey needs an invitation.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Start nothing; say what is not safe for production yet.")
    ] = False,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Serve the API and the pages.

    Example:
        countenance serve --photos ~/Pictures
        countenance serve --origin https://faces.museum.example --check
    """
    with engine_command(data, as_json) as (engine, output):
        settings = _settings(host, port, origin, photos or [])
        settings = replace(
            settings,
            provider=_provider(oidc),
            breached=_breached(breached),
            passkeys_only=_passkeys_only(settings, oidc) if passkeys_only else False,
            retention_hour=retention_hour,
        )
        if check:
            _check(engine, settings, output)
            return
        _log_to_stderr()
        run(engine, settings, host, port, output, _address(proxy))


def _settings(host: str, port: int, origin: str | None, photos: list[Path]) -> Settings:
    from countenance.api.settings import Settings  # noqa: PLC0415 - slow; not for `--help`

    missing = [folder for folder in photos if not folder.is_dir()]
    if missing:
        raise BadInput(f"there is no folder {missing[0]}; name a folder of photos (--photos)")
    found = Settings(
        origin=(origin or f"http://{host}:{port}").rstrip("/"), photos=tuple(one.resolve() for one in photos)
    )
    if not found.host:
        raise BadInput(f"--origin {origin} is not an address such as https://faces.museum.example")
    return found


def _provider(oidc: Path | None) -> Provider | None:
    from countenance.services.provider import read_provider  # noqa: PLC0415 - slow; not for `--help`

    return None if oidc is None else read_provider(oidc)


def _passkeys_only(settings: Settings, oidc: Path | None) -> bool:
    if oidc is not None:
        raise BadInput("--passkeys-only takes no identity provider beside it; leave --oidc out")
    name = urlsplit(settings.origin).hostname or ""
    if not (settings.is_https or name == "localhost") or ":" in name or name.replace(".", "").isdigit():
        raise BadInput("passkeys need a host name and HTTPS, or localhost; say so with --origin")
    return True


def _breached(path: Path | None) -> BreachedPasswords | None:
    from countenance.services.breached import BreachedPasswords  # noqa: PLC0415

    return None if path is None else BreachedPasswords(path)


def _address(proxy: str | None) -> str | None:
    try:
        return None if proxy is None else str(ipaddress.ip_address(proxy))
    except ValueError as error:
        raise BadInput(f"--proxy {proxy} is not an IP address such as 127.0.0.1") from error


def run(engine: Engine, settings: Settings, host: str, port: int, output: Output, proxy: str | None = None) -> None:
    """Serve until a signal ends it: what is being answered is answered first, for half a minute at most.

    Args:
        proxy: the address whose word on who asks is believed; no other's is.
    """
    import uvicorn  # noqa: PLC0415 - slow; not for `--help`

    from countenance.api.app import shielded  # noqa: PLC0415
    from countenance.web.site import site  # noqa: PLC0415

    output.say(f"Serving {settings.origin} (Ctrl-C ends it).")
    server = uvicorn.Server(
        uvicorn.Config(
            shielded(site(engine, settings)),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=proxy is not None,
            forwarded_allow_ips=proxy or "",
            limit_concurrency=_MOST_AT_ONCE,
            timeout_graceful_shutdown=_GRACE_S,
            http="h11",  # refuses what HTTP leaves open to two readings: that is how requests are smuggled
            ws="none",
            h11_max_incomplete_event_size=_LONGEST_HEAD,
        )
    )
    server.run()


def _check(engine: Engine, settings: Settings, output: Output) -> None:
    found = engine.production.unsafe(
        engine.pack.encoder.digest,
        is_https=settings.is_https,
        knows_breached=settings.passkeys_only or settings.breached is not None,
    )
    output.record(unsafe=found)
    for one in found:
        output.say(f"- {one}")
    if found:
        raise typer.Exit(FOUND_WRONG)
    output.say("Nothing speaks against production.")


class _Lines(logging.Formatter):
    """One line a record, stamped in UTC, whatever is in it: nobody else's line break begins a line of ours.

    Of an error that nobody caught it says the kind and the places, without its words: they may be personal. An error's
    words name people by their ids; what collects these lines needs to know of nobody, so their ids are cut short.
    """

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name in `logging`
        """Return the kind of an error and where it was raised, innermost last."""
        kind, _, trace = ei
        places = (f"{Path(one.filename).name}:{one.lineno}" for one in traceback.extract_tb(trace))
        return f"{kind.__name__} at {' > '.join(places)}"

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return _SUBJECT.sub("sub_...", super().format(record)).translate(_SHOWN)


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    lines = _Lines("%(asctime)s %(levelname)s %(name)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%SZ")
    lines.converter = time.gmtime
    handler.setFormatter(lines)
    for name, level in (("countenance", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(level)
        logger.propagate = False
