"""What `$(name argument ...)` stands for.

Names, numbers of arguments and results are launch's. `eval` and `command` are refused: nothing in
a launch file is run as Python or by a shell while it is read.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from gae_arm.commands.launch_runner import packages
from gae_arm.commands.launch_runner.scope import Scope
from gae_arm.commands.launch_runner.source import Where
from gae_arm.commands.launch_runner.template import Call, Template, parse
from gae_arm.commands.launch_runner.values import coerce
from gae_arm.core.errors import ConfigError

REFUSED = {
    'eval': 'it runs Python; use $(equals A B), $(and A B), $(or A B), $(not A) or $(if A B C)',
    'command': 'it runs a program; run it before, and pass its output as an argument',
}


def read(source: str, where: Where) -> Template:
    """Return the template written in `source`; every substitution in it is known and allowed."""
    template = parse(source, where)
    _check(template)
    return template


def expand(template: Template, scope: Scope) -> str:
    """Return the text with every substitution done; ConfigError names file and line."""
    return ''.join(
        part if isinstance(part, str) else _call(part, scope, template.where)
        for part in template.parts
    )


def truth(template: Template, scope: Scope) -> bool:
    """Return the truth of an `if` or `unless`: true, false, 1 or 0."""
    text = expand(template, scope).strip().lower()
    if text not in ('true', '1', 'false', '0'):
        raise template.where.error(f'{template.source!r} is {text!r}, expected true, false, 1 or 0')
    return text in ('true', '1')


def _check(template: Template) -> None:
    for call in (part for part in template.parts if isinstance(part, Call)):
        if call.name in REFUSED:
            raise template.where.error(f'$({call.name} ...) is refused: {REFUSED[call.name]}')
        if call.name not in _RULES:
            raise template.where.error(
                f'unknown substitution $({call.name} ...); known are: {sorted(_RULES)}'
            )
        rule, given = _RULES[call.name], len(call.arguments)
        if not rule.least <= given <= rule.most:
            counts = ' or '.join(map(str, sorted({rule.least, rule.most})))
            raise template.where.error(f'$({call.name} ...) takes {counts} arguments, not {given}')
        for argument in call.arguments:
            _check(argument)


def _call(call: Call, scope: Scope, where: Where) -> str:
    with where.named():
        return _RULES[call.name].apply(scope, *call.arguments)


def _variable(scope: Scope, name: Template, default: Template | None = None) -> str:
    key = expand(name, scope)
    if key in scope.variables:
        return scope.variables[key]
    if default is None:
        raise ConfigError(f'no argument or variable {key!r}; there are: {sorted(scope.variables)}')
    return expand(default, scope)


def _environment(scope: Scope, name: Template, default: Template | None = None) -> str:
    key = expand(name, scope)
    fallback = None if default is None else expand(default, scope)  # also if it is not needed
    value = scope.environment.get(key, fallback)
    if value is None:
        raise ConfigError(
            f'the environment variable {key!r} is not set; give a default: $(env {key} DEFAULT)'
        )
    return value


def _folder(scope: Scope) -> str:
    place = scope.place
    if place.included is not None and place.included.parent != place.file.parent:
        raise _moved('dirname', place.included.parent)
    return str(place.file.parent)


def _file(scope: Scope) -> str:
    place = scope.place
    if place.included is not None and place.included != place.file:
        raise _moved('filename', place.included)
    return str(place.file)


def _moved(name: str, there: object) -> ConfigError:
    return ConfigError(
        f'after an include, `ros2 launch` takes $({name}) for {there}; use it before the include '
        "(a 'let' can keep it), or $(find-pkg-share PACKAGE)"
    )


def _boolean(scope: Scope, template: Template) -> bool:
    return bool(coerce(expand(template, scope), 'bool', template.where))


def _equal(scope: Scope, left: Template, right: Template) -> bool:
    a, b = expand(left, scope), expand(right, scope)
    if {a.lower(), b.lower()} <= {'true', 'false', '1', '0'}:
        return (a.lower() in ('true', '1')) == (b.lower() in ('true', '1'))
    try:
        return math.isclose(float(a), float(b))
    except ValueError:
        return a == b


def _either(scope: Scope, test: Template, yes: Template, no: Template | None = None) -> str:
    if _boolean(scope, test):
        return expand(yes, scope)
    return '' if no is None else expand(no, scope)


def _program(scope: Scope, name: Template) -> str:
    text = expand(name, scope)
    found = shutil.which(text, path=scope.environment.get('PATH', ''))
    if found is None:
        raise ConfigError(f'no program {text!r} on the PATH')
    return found


def _text(value: bool) -> str:
    return 'true' if value else 'false'


@dataclass(frozen=True)
class _Rule:
    least: int
    most: int
    apply: Callable[..., str]


_RULES = {
    'var': _Rule(1, 2, _variable),
    'env': _Rule(1, 2, _environment),
    'dirname': _Rule(0, 0, _folder),
    'filename': _Rule(0, 0, _file),
    'find-pkg-share': _Rule(1, 1, lambda s, p: str(packages.share(expand(p, s)))),
    'find-pkg-prefix': _Rule(1, 1, lambda s, p: str(packages.prefix(expand(p, s)))),
    'exec-in-pkg': _Rule(
        2, 2, lambda s, e, p: str(packages.executable(expand(p, s), expand(e, s)))
    ),
    'find-exec': _Rule(1, 1, _program),
    'not': _Rule(1, 1, lambda s, x: _text(not _boolean(s, x))),
    'and': _Rule(2, 2, lambda s, x, y: _text(all([_boolean(s, x), _boolean(s, y)]))),
    'or': _Rule(2, 2, lambda s, x, y: _text(any([_boolean(s, x), _boolean(s, y)]))),
    'equals': _Rule(2, 2, lambda s, x, y: _text(_equal(s, x, y))),
    'not-equals': _Rule(2, 2, lambda s, x, y: _text(not _equal(s, x, y))),
    'if': _Rule(2, 3, _either),
}
