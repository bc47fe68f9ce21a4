"""A chat server of the test's own: real HTTP, answers as the test says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = Callable[[dict], object]


class ChatServer:
    """Answers with `reply` of the request.

    That is a text, (status, content type, bytes), or an iterator of pieces to be streamed.
    """

    def __init__(self) -> None:
        self.reply: Reply = lambda request: 'nothing'
        self.requests: list[dict] = []
        self.headers: list[dict] = []
        self.over = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
                outer.requests.append(body)
                outer.headers.append({'path': self.path, **dict(self.headers)})
                outer._answer(self, outer.reply(body))

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self._server.daemon_threads = True
        self.url = f'http://127.0.0.1:{self._server.server_address[1]}/v1'

    def _answer(self, handler, reply) -> None:
        if isinstance(reply, tuple):
            status, kind, data = reply
            handler.send_response(status)
            handler.send_header('Content-Type', kind)
            if status in (301, 302, 307):
                handler.send_header('Location', data.decode())
            handler.end_headers()
            handler.wfile.write(data)
            return
        handler.send_response(200)
        streams = not isinstance(reply, str)
        kind = 'text/event-stream' if streams else 'application/json'
        handler.send_header('Content-Type', kind)
        handler.end_headers()
        if not streams:
            message = {'choices': [{'message': {'role': 'assistant', 'content': reply}}]}
            handler.wfile.write(json.dumps(message).encode())
            return
        for piece in reply:
            event = {'choices': [{'delta': {'content': piece}}]}
            handler.wfile.write(f'data: {json.dumps(event)}\n\n'.encode())
            handler.wfile.flush()
        handler.wfile.write(b'data: [DONE]\n\n')

    def hang(self, seconds: float = 60.0) -> Reply:
        """Say nothing until the test is over."""

        def reply(request):
            self.over.wait(seconds)
            return ''

        return reply

    def trickle(self) -> Reply:
        """Send a byte now and then, for ever."""

        def pieces():
            while not self.over.wait(0.05):
                yield '.'

        return lambda request: pieces()

    def wait(self, count: int, seconds: float = 20.0) -> None:
        """Wait until so many requests have come."""
        until = time.monotonic() + seconds
        while len(self.requests) < count and time.monotonic() < until:
            self.over.wait(0.01)
        assert len(self.requests) >= count


@contextmanager
def chat_server():
    server = ChatServer()
    thread = threading.Thread(target=server._server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server._server.shutdown()
        server._server.server_close()
