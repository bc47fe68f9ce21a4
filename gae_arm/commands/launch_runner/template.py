r"""Text with substitutions, `a $(name argument 'more arguments')`, as a tree; nothing is looked up.

The grammar is that of launch's frontends:

    template      = (text | substitution)*
    substitution  = "$(" name (" " argument)* ")"
    argument      = (word | substitution)+  |  "'" template "'"  |  '"' template '"'

One space separates arguments; a word holds no space, quote, bracket or `$(`. A backslash takes the
meaning of the next character away, and a `$` without a bracket is a dollar. Inside quotes no
further quotes of the same kind can be opened.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from gae_arm.commands.launch_runner.source import Where

_NAME = re.compile(r'[A-Za-z][A-Za-z0-9_-]*')
# What is text, by the quotes around it.
_TEXT = {
    '': re.compile(r'(?:\\\$|\$(?!\()|[^$])+', re.DOTALL),
    "'": re.compile(r"(?:\\['$]|\$(?!\()|[^'$])+", re.DOTALL),
    '"': re.compile(r'(?:\\["$]|\$(?!\()|[^"$])+', re.DOTALL),
}
_WORD = {
    '': re.compile(r'(?:\\["\'()$]|\$(?!\()|[^ "\'()$])+', re.DOTALL),
    "'": re.compile(r"(?:\\['()$]|\$(?!\()|[^ '()$])+", re.DOTALL),
    '"': re.compile(r'(?:\\["()$]|\$(?!\()|[^ "()$])+', re.DOTALL),
}


@dataclass(frozen=True)
class Call:
    """A substitution: `$(name argument ...)`."""

    name: str
    arguments: tuple[Template, ...]


@dataclass(frozen=True)
class Template:
    """Literal text and calls, in order, and where they were written."""

    parts: tuple[str | Call, ...]
    where: Where
    source: str

    @property
    def literal(self) -> str | None:
        """The text, if there is nothing to substitute in it; None otherwise."""
        if any(isinstance(part, Call) for part in self.parts):
            return None
        return ''.join(part for part in self.parts if isinstance(part, str))


def parse(source: str, where: Where) -> Template:
    """Return the template written in `source`; raise ConfigError with line and column."""
    return _Parser(source, where).template('')


def unescape(text: str) -> str:
    """Drop the backslash before each escaped character."""
    return re.sub(r'\\(.)', r'\1', text)


def words(template: Template) -> tuple[Template, ...]:
    """Split a command line into its words, as a shell would; a substitution is never split.

    Quotes protect spaces, but cannot enclose a substitution: launch splits each text between
    substitutions by itself.
    """
    out: list[Template] = []
    current: list[str | Call] = []

    def flush() -> None:
        if current:
            out.append(Template(tuple(current), template.where, template.source))
            current.clear()

    for part in template.parts:
        if isinstance(part, Call):
            current.append(part)
            continue
        if part[0].isspace():
            flush()
        for i, token in enumerate(shell_words(part, template.where)):
            if i:
                flush()
            current.append(token)
        if part[-1].isspace():
            flush()
    flush()
    return tuple(out)


def shell_words(text: str, where: Where) -> list[str]:
    """Return the words of a text without substitutions; raise when a quote is not closed."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise where.error(f'{error} in {text!r}') from error


class _Parser:
    """Recursive descent over one string; `quote` is the quote that encloses the position."""

    def __init__(self, source: str, where: Where) -> None:
        self.source, self.where, self.position = source, where, 0

    def template(self, quote: str) -> Template:
        start, parts = self.position, []
        while not (self.at_end() or (quote and self.peek(quote))):
            text = self.match(_TEXT[quote])
            parts.append(unescape(text) if text else self.call(quote))
        return self.made(parts, start)

    def call(self, quote: str) -> Call:
        self.expect('$(', 'a substitution')
        name = self.match(_NAME)
        if not name:
            raise self.error('the name of a substitution')
        arguments = []
        while self.peek(' '):
            self.expect(' ', 'a space')
            arguments.append(self.argument(quote))
        self.expect(')', f'a space and an argument, or the closing bracket of $({name}')
        return Call(name, tuple(arguments))

    def argument(self, quote: str) -> Template:
        for opening in () if quote else ("'", '"'):
            if self.peek(opening):
                self.expect(opening, 'a quote')
                inner = self.template(opening)
                self.expect(opening, f'the closing {opening}')
                return inner
        start, parts = self.position, []
        while (word := self.match(_WORD[quote])) or self.peek('$('):
            parts.append(unescape(word) if word else self.call(quote))
        if not parts:
            raise self.error('an argument (exactly one space stands before each)')
        return self.made(parts, start)

    def made(self, parts: list, start: int) -> Template:
        return Template(tuple(parts), self.where, self.source[start : self.position])

    def match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.source, self.position)
        self.position = found.end() if found else self.position
        return found[0] if found else ''

    def peek(self, text: str) -> bool:
        return self.source.startswith(text, self.position)

    def at_end(self) -> bool:
        return self.position == len(self.source)

    def expect(self, text: str, what: str) -> None:
        if not self.peek(text):
            raise self.error(what)
        self.position += len(text)

    def error(self, wanted: str) -> Exception:
        rest = self.source[self.position :]
        return self.where.error(
            f'expected {wanted} at column {self.position + 1} of {self.source!r}, found '
            f'{rest[:20]!r}'
            if rest
            else f'expected {wanted} at the end of {self.source!r}'
        )
