"""Sends one request to DynamoDB over a pool of connections, and reads the whole reply within a time limit."""

import http.client
import io
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from threading import Lock, local
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import urllib3
from botocore import exceptions as aws
from botocore.httpsession import ProxyConfiguration, create_urllib3_context, get_cert_path, mask_proxy_url
from botocore.utils import get_environ_proxies
from urllib3 import exceptions as http_errors
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.retry import Retry
from urllib3.util.timeout import Timeout

NO_RETRIES = Retry(False)  # noqa: FBT003 (urllib3's way to turn off its retries)

Reader = io.BufferedIOBase
BUFFER = 65_536
MAX_LINE, MAX_LINES = 8_192, 100
FIRST_FINAL_STATUS = b"200"
KEEP = "keep-alive"

# As in botocore.httpsession.
ERRORS: tuple[tuple[Any, Any], ...] = (
    (http_errors.SSLError, aws.SSLError),
    ((http_errors.NewConnectionError, socket.gaierror), aws.EndpointConnectionError),
    (http_errors.ProxyError, aws.ProxyConnectionError),
    (http_errors.ConnectTimeoutError, aws.ConnectTimeoutError),
    (http_errors.ReadTimeoutError, aws.ReadTimeoutError),
    (http_errors.ProtocolError, aws.ConnectionClosedError),
    # Of a connection that was already open, where no urllib3 is in between.
    (TimeoutError, aws.ReadTimeoutError),
    ((ConnectionError, http.client.HTTPException), aws.ConnectionClosedError),
)

_attempt = local()
"""`ends`: when the attempt of this thread must be over, as time.monotonic()."""


class Reply:
    """A complete reply. `headers` has names in lower case. `status_code` is the name that botocore's events use."""

    # What urllib3's pool reads and sets.
    version_string = "HTTP/1.1"
    length_remaining = 0
    retries: Any
    _connection: Any
    _pool: Any

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status = self.status_code = status
        self.headers = headers
        self.content = content


class _TimedReader(io.RawIOBase):
    """Reads from a socket until the attempt must be over, however many receives the reply takes."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._timeout = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = _attempt.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the reply took too long")
        self._socket.settimeout(left if self._timeout is None else min(self._timeout, left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Replayed(io.RawIOBase):
    """The bytes that have been read, followed by the rest."""

    def __init__(self, read: bytes, rest: Reader) -> None:
        self._read = io.BytesIO(read)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        return self._read.readinto(buffer) or self._rest.readinto1(buffer)


class _Source(NamedTuple):
    """The part of a socket that http.client uses to read a reply."""

    raw: io.RawIOBase

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(self.raw, BUFFER)


class _Timed(HTTPConnection):
    """Sends a request with one system call and reads the whole reply, so that the connection is free again."""

    def response_class(self, sock: socket.socket, **options: Any) -> http.client.HTTPResponse:  # type: ignore[override]
        """http.client's hook, also for the reply of a proxy to CONNECT."""
        return http.client.HTTPResponse(cast("socket.socket", _Source(_TimedReader(sock))), **options)

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **_: Any) -> None:
        lines = [f"{method} {url} HTTP/1.1", *map(": ".join, headers.items()), f"Content-Length: {len(body)}", "", ""]
        head = "\r\n".join(lines)
        if head.count("\n") != len(lines) - 1:
            raise ValueError("a header contains a line break")
        if self.sock is None:
            self.connect()
        else:
            self.sock.settimeout(self.timeout)
        self.sock.sendall(head.encode("latin-1") + body)

    def getresponse(self) -> Any:
        self.sock.settimeout(self.timeout)
        with io.BufferedReader(_TimedReader(self.sock), BUFFER) as reader:
            head = _read_head(reader)
            reply = _simple_reply(head, reader)
            if reply is None:
                reply = self._any_reply(b"".join(head), reader)
        return reply

    def _any_reply(self, head: bytes, reader: Reader) -> Reply:
        """Any valid reply: without a length, in chunks, of HTTP/1.0, after which the connection is closed."""
        source = cast("socket.socket", _Source(_Replayed(head, reader)))
        response = http.client.HTTPResponse(source, method="POST")
        response.begin()
        content = response.read()
        if response.will_close:
            self.close()
        return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, content)


def _read_head(reader: Reader) -> list[bytes]:
    """The lines up to and including the empty one; fewer if the reply ends or is not one of a normal size."""
    lines: list[bytes] = []
    while len(lines) < MAX_LINES:
        line = reader.readline(MAX_LINE)
        lines.append(line)
        if len(line) <= len(b"\r\n"):
            break
    return lines


def _simple_reply(head: list[bytes], reader: Reader) -> Reply | None:
    """The reply if it has the form of DynamoDB's: HTTP/1.1, a Content-Length, and the connection stays open.

    None for any other, which http.client reads. Its parser for headers would take a tenth of the CPU time of a GET.
    """
    if head[-1] != b"\r\n" or not head[0].startswith(b"HTTP/1.1 "):
        return None
    headers = {}
    for line in head[1:-1]:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or name != name.strip():
            return None
        headers[name.lower()] = value.strip()
    status, length = head[0][9:12], headers.get("content-length", "")
    if not (status.isdigit() and status >= FIRST_FINAL_STATUS and length.isascii() and length.isdigit()):
        return None
    if len(headers) != len(head) - 2 or "transfer-encoding" in headers or headers.get("connection", KEEP) != KEEP:
        return None
    content = reader.read(int(length))
    if len(content) < int(length):
        raise http.client.IncompleteRead(content, int(length) - len(content))
    return Reply(int(status), headers, content)


class _TimedTls(_Timed, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Timed

    def exchange(self, target: str, headers: Mapping[str, str], body: bytes, *, timeout: float) -> Reply | None:
        """The reply over a connection that is already open; None if there is none, or if there is a proxy.

        `urlopen` does the same and takes another 5 % of the CPU time of a GET.
        """
        if self.proxy is not None:
            return None
        connection: Any = self._get_conn()
        try:
            if connection.is_closed:
                return None
            connection.timeout = timeout
            connection.request("POST", target, body, headers)
            reply: Reply = connection.getresponse()
        except BaseException:
            connection.close()
            raise
        finally:
            self._put_conn(connection)
        return reply


class _TlsPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _TimedTls


class Transport:
    """The connections to one endpoint, with the proxy and the certificates that botocore would use.

    `verify` is botocore's setting `ca_bundle`; None means the usual authorities.
    """

    def __init__(self, url: str, *, verify: Any, connections: int, connect_timeout: float, read_timeout: float) -> None:
        self._url = url
        self._connections = connections
        self._connect_timeout, self._read_timeout = connect_timeout, read_timeout
        # As botocore does: its own setting, then that of requests, then the usual authorities.
        self._verify = os.environ.get("REQUESTS_CA_BUNDLE") or True if verify is None else verify
        self._proxies = ProxyConfiguration(get_environ_proxies(url))
        self._proxy = self._proxies.proxy_url_for(url)
        parts = urlsplit(url)
        # A proxy for HTTP needs the whole URL; through one for HTTPS, the connection is a tunnel.
        self._target = url if self._proxy and parts.scheme == "http" else parts.path or "/"
        self._pool: _Pool | None = None
        self._lock = Lock()

    def prepare(self) -> None:
        """Create the pool, without a connection. A mistake in the configuration is raised by `send`."""
        with suppress(Exception):
            self._create_pool()

    def send(self, headers: Mapping[str, str], body: bytes, *, seconds: float) -> Reply:
        """One attempt, of this many seconds at most. Raises the errors that botocore raises."""
        _attempt.ends = time.monotonic() + seconds
        try:
            pool = self._pool or self._create_pool()
            reply = pool.exchange(self._target, headers, body, timeout=min(self._read_timeout, seconds))
            return reply or self._connect_and_send(pool, headers, body, seconds)
        except Exception as error:
            raise self._translated(error) from error

    def _connect_and_send(self, pool: _Pool, headers: Mapping[str, str], body: bytes, seconds: float) -> Reply:
        reply: Any = pool.urlopen(
            "POST",
            self._target,
            body,
            headers,
            retries=NO_RETRIES,
            redirect=False,
            assert_same_host=False,
            timeout=Timeout(connect=min(self._connect_timeout, seconds), read=min(self._read_timeout, seconds)),
            release_conn=True,
            preload_content=False,
        )
        return cast("Reply", reply)

    def _create_pool(self) -> _Pool:
        with self._lock:
            if self._pool is None:
                manager = self._manager()
                manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
                pool = cast("_Pool", manager.connection_from_url(self._url))
                if isinstance(pool, HTTPSConnectionPool):
                    pool.cert_reqs = "CERT_REQUIRED" if self._verify else "CERT_NONE"
                    pool.ca_certs = get_cert_path(self._verify) if self._verify else None
                self._pool = pool
            return self._pool

    def _manager(self) -> urllib3.PoolManager:
        settings = {"maxsize": self._connections, "ssl_context": create_urllib3_context()}
        if self._proxy is None:
            return urllib3.PoolManager(**settings)
        headers = self._proxies.proxy_headers_for(self._proxy)
        return urllib3.ProxyManager(self._proxy, proxy_headers=headers, **settings)

    def _translated(self, error: Exception) -> Exception:
        """The error that botocore raises in place of urllib3's."""
        kind = next((ours for theirs, ours in ERRORS if isinstance(error, theirs)), aws.HTTPClientError)
        proxy = mask_proxy_url(self._proxy) if self._proxy else None
        translated: Exception = kind(endpoint_url=self._url, proxy_url=proxy, request=None, error=error)
        return translated

    def close(self) -> None:
        with self._lock:
            if self._pool is not None:
                self._pool.close()
                self._pool = None
