"""viser's server, fit for a robot: one fixed port, no tunnel to the internet, own pages only."""

from __future__ import annotations

import contextlib
import errno
import io
import socket

import viser
from viser.infra import WebsockClientConnection

from gae_arm.core.errors import ConfigError
from gae_arm.viewer.web.same_origin import is_loopback, is_same_origin

POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1


class PageServer(viser.ViserServer):
    """Serves the page at `url`. Raises ConfigError when it cannot listen there."""

    def __init__(self, host: str, port: int, label: str) -> None:
        _check_free(host, port)
        with contextlib.redirect_stdout(io.StringIO()):  # viser prints a banner of its own.
            super().__init__(host, port, label=label, verbose=False)
        if port and self.get_port() != port:  # viser goes on to the next free port.
            self.stop()
            raise ConfigError(_taken(host, port))
        self._local_only = is_loopback(host)
        self._websock_server.on_client_connect(self._guard)

    @property
    def url(self) -> str:
        """The address to type into a browser on this machine."""
        host = self.get_host()
        shown = 'localhost' if host in ('0.0.0.0', '::', '') else host
        return f'http://{f"[{shown}]" if ":" in shown else shown}:{self.get_port()}'

    def request_share_url(self, verbose: bool = True) -> str | None:
        """Refuse, though any browser may ask for it: it would show the arm to the internet."""
        del verbose
        return None

    async def _guard(self, client: WebsockClientConnection) -> None:
        """Close the connection of a foreign page, before viser hears anything from it."""
        connection = self._websock_server._live_connections[client.client_id]
        headers = connection.request.headers if connection.request else {}
        if not is_same_origin(headers.get('Origin'), headers.get('Host', ''), self._local_only):
            await connection.close(POLICY_VIOLATION, 'another page may not control the arm')


def _check_free(host: str, port: int) -> None:
    """Raise ConfigError unless one can listen there; viser would wait forever for some hosts."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            trial.listen()
    except PermissionError as error:
        raise ConfigError(f'port {port} is not allowed: {error}; use 1024 or above') from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(_taken(host, port)) from error
        raise ConfigError(f'the page cannot listen on {host!r}: {error}') from error


def _taken(host: str, port: int) -> str:
    return (
        f'port {port} of {host} is taken, perhaps by the viewer of another arm; choose another '
        'one, or port 0 for any that is free'
    )
