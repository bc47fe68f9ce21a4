"""How `--help` of every verb looks: the text as it was written, and what holds by default."""

from __future__ import annotations

import argparse
from typing import Any


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Adds an option's default in brackets where its text does not speak of it."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        text, value = action.help, action.default
        if not text or 'default' in text or not action.option_strings:
            return text
        if isinstance(value, list | tuple):
            value = ' '.join(map(str, value))
        if isinstance(value, bool) or value in (None, '', argparse.SUPPRESS):
            return text
        return f'{text} ({str(value).replace("%", "%%")})'


class VerbParser(argparse.ArgumentParser):
    """A parser whose help, and that of its subparsers, looks so."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        keywords.setdefault('formatter_class', HelpFormatter)
        super().__init__(*args, **keywords)
