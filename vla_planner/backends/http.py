"""A model behind an OpenAI-compatible server: vLLM, llama.cpp, `transformers serve`, and others."""

from __future__ import annotations

import base64
import io
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from gae_arm.core.errors import ConfigError
from gae_arm.core.instruction import ErrorCode
from vla_planner.backends.backend import Asking
from vla_planner.errors import PlannerError
from vla_planner.formats.registry import find_format
from vla_planner.profile import Profile
from vla_planner.prompts import Turn

TRY_AGAIN = (408, 429, 500, 502, 503, 504)
"""Answers of a server that is busy or starting."""
BACK_OFF = 0.5
"""Seconds before the second attempt; twice as long before each further one."""
MOST_BYTES = 1_000_000
LOCAL = ('localhost', '127.0.0.1', '::1')
JPEG = 92


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirects: the token is for this server alone."""

    def redirect_request(self, *_: Any) -> None:
        return None


class HttpBackend:
    """Asks a server. Certificates are checked; the token comes from the environment only."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._url = profile.url.rstrip('/') + '/chat/completions'
        host = urlsplit(profile.url).hostname or ''
        self.name = f'{profile.model} at {host}'
        self._headers = {'Content-Type': 'application/json'}
        token = os.environ.get(profile.token_variable, '') if profile.token_variable else ''
        if token:
            if not profile.url.startswith('https://') and host not in LOCAL:
                raise ConfigError(
                    f'{profile.token_variable} is set, but {profile.url} is not https: a token is '
                    'not sent where others can read it'
                )
            self._headers['Authorization'] = f'Bearer {token}'
        # The default context checks certificates and host names.
        self._opener = urllib.request.build_opener(_NoRedirect())

    def answer(self, conversation: Sequence[Turn], asking: Asking) -> Iterator[str]:
        """Return the answer to the last turn, piece by piece as the server streams it."""
        body = json.dumps(self._request(conversation, asking)).encode()
        with self._opened(body, asking) as response:
            if 'text/event-stream' in response.headers.get('Content-Type', ''):
                yield from self._streamed(response)
            else:
                yield self._whole(response.read(MOST_BYTES))

    def unknown_words(self, text: str) -> tuple[list[str], int] | None:
        """Return None: large models read any word."""
        return None

    def _request(self, conversation: Sequence[Turn], asking: Asking) -> dict[str, Any]:
        out: dict[str, Any] = {
            'model': self._profile.model,
            'messages': [_message(turn) for turn in conversation],
            'max_tokens': asking.tokens,
            'temperature': 0.0,
            'stream': True,
        }
        schema = find_format(self._profile.format).schema
        if self._profile.constrained and schema is not None:
            named = {'name': self._profile.format, 'schema': schema}
            out['response_format'] = {'type': 'json_schema', 'json_schema': named}
        return out

    def _opened(self, body: bytes, asking: Asking) -> Any:
        """Return the response; try again while the server is busy or cannot be reached."""
        until = time.monotonic() + asking.seconds
        attempt = 0
        while True:
            attempt += 1
            request = urllib.request.Request(self._url, body, self._headers)
            try:
                left = max(until - time.monotonic(), 0.05)
                return self._opener.open(request, timeout=left)
            except urllib.error.HTTPError as error:
                why = f'it answers {error.code}: {_said(error)}'
                again = error.code in TRY_AGAIN
            except (urllib.error.URLError, OSError) as error:
                why = f'it cannot be reached: {getattr(error, "reason", error)}'
                again = True
            pause = BACK_OFF * 2 ** (attempt - 1)
            late = time.monotonic() + pause > until
            if not again or attempt == self._profile.attempts or late:
                raise self._unavailable(f'{why} ({attempt} attempts)')
            if asking.given_up.wait(pause):
                raise self._unavailable(why)

    def _streamed(self, response: Any) -> Iterator[str]:
        """Return the pieces of a stream of server-sent events."""
        size = 0
        while True:
            line = response.readline(MOST_BYTES)
            size += len(line)
            if not line or size > MOST_BYTES:
                return
            text = line.decode(errors='replace').strip()
            if not text.startswith('data:'):
                continue
            data = text.removeprefix('data:').strip()
            if data == '[DONE]':
                return
            piece = self._content(data, 'delta')
            if piece:
                yield piece

    def _whole(self, data: bytes) -> str:
        return self._content(data.decode(errors='replace'), 'message')

    def _content(self, text: str, key: str) -> str:
        try:
            data = json.loads(text)
            if 'error' in data:
                raise self._unavailable(f'it answers with an error: {str(data["error"])[:200]}')
            choices = data['choices']
            content = choices[0][key].get('content') if choices else ''
            if content is not None and not isinstance(content, str):
                raise TypeError
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as e:
            raise self._unavailable(f'it answers no chat completion: {text[:200]!r}') from e
        return content or ''

    def _unavailable(self, why: str) -> PlannerError:
        return PlannerError(
            ErrorCode.PLANNER_UNAVAILABLE, f'the server at {self._profile.url} fails: {why}'
        )


def _message(turn: Turn) -> dict[str, Any]:
    if turn.image is None:
        return {'role': turn.role, 'content': turn.text}
    file = io.BytesIO()
    Image.fromarray(turn.image).save(file, 'JPEG', quality=JPEG)
    data = base64.b64encode(file.getvalue()).decode()
    image = {'type': 'image_url', 'image_url': {'url': f'data:image/jpeg;base64,{data}'}}
    return {'role': turn.role, 'content': [image, {'type': 'text', 'text': turn.text}]}


def _said(error: urllib.error.HTTPError) -> str:
    try:
        text = error.read(2000).decode(errors='replace')
    except OSError:
        return ''
    return ' '.join(text.split())[:200]
