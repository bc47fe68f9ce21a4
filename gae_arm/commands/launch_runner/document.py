"""Reading a launch file: YAML values become actions, and everything that can be checked is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gae_arm.commands.launch_runner import actions as a
from gae_arm.commands.launch_runner.fields import Fields, children, plain, single
from gae_arm.commands.launch_runner.source import Value, load
from gae_arm.commands.launch_runner.substitutions import read as read_template
from gae_arm.commands.launch_runner.template import Template, unescape, words
from gae_arm.commands.launch_runner.values import KINDS, LISTS, element_kind, fits

SUFFIXES = ('.yaml', '.yml')


def read(path: Path) -> a.Document:
    """Return the launch file's actions; raise ConfigError with file and line of what is wrong."""
    root = load(path)
    name, body = single(root)
    if name != 'launch':
        raise root.where.error(f"the file begins with {name!r}, a launch file with 'launch:'")
    fields, items = children('launch', body)
    deprecated = fields.text('deprecated') if fields else None
    if fields:
        fields.done()
    return a.Document(root.where, deprecated, tuple(_action(item) for item in items))


def _action(value: Value) -> a.Action:
    name, body = single(value)
    if name == 'group':
        return _group(body)
    if name not in _READERS:
        raise value.where.error(f'unknown action {name!r}; known are: {sorted(ACTIONS)}')
    fields = Fields(name, body)
    action = _READERS[name](fields)
    fields.done()
    return action


def _condition(fields: Fields) -> a.Condition | None:
    given = [(key, fields.template(key)) for key in ('if', 'unless')]
    found = [a.Condition(text, key == 'if') for key, text in given if text is not None]
    if len(found) > 1:
        raise fields.where.error(f"{fields.kind!r} has both 'if' and 'unless'; one is allowed")
    return found[0] if found else None


def _argument(fields: Fields) -> a.Argument:
    choices = []
    for item in fields.items('choice'):
        choice = Fields('choice', item)
        choices.append(unescape(choice.required_text('value')))
        choice.done()
    description = fields.text('description')
    return a.Argument(
        fields.where,
        _condition(fields),
        name=unescape(fields.required_text('name')),
        default=fields.template('default'),
        description=None if description is None else unescape(description),
        choices=tuple(choices),
    )


def _let(fields: Fields) -> a.Let:
    return a.Let(
        fields.where, _condition(fields), fields.required('name'), fields.required('value')
    )


def _set_environment(fields: Fields) -> a.SetEnvironment:
    return a.SetEnvironment(
        fields.where, _condition(fields), fields.required('name'), fields.required('value')
    )


def _unset_environment(fields: Fields) -> a.UnsetEnvironment:
    return a.UnsetEnvironment(fields.where, _condition(fields), fields.required('name'))


def _log(fields: Fields) -> a.Log:
    return a.Log(fields.where, _condition(fields), fields.required('message'))


def _push_namespace(fields: Fields) -> a.PushNamespace:
    return a.PushNamespace(fields.where, _condition(fields), fields.required('namespace'))


def _set_remap(fields: Fields) -> a.SetRemap:
    return a.SetRemap(
        fields.where, _condition(fields), fields.required('from'), fields.required('to')
    )


def _include(fields: Fields) -> a.Include:
    return a.Include(fields.where, _condition(fields), fields.required('file'), fields.pairs('arg'))


def _group(body: Value) -> a.Group:
    fields, items = children('group', body)
    inner = tuple(_action(item) for item in items)
    if fields is None:
        return a.Group(body.where, None, True, True, (), inner)
    scoped, forwarding = fields.flag('scoped'), fields.flag('forwarding')
    group = a.Group(
        body.where,
        _condition(fields),
        scoped=scoped is not False,
        forwarding=forwarding is not False,
        keep=fields.pairs('keep'),
        actions=inner,
    )
    fields.done()
    return group


def _options(fields: Fields) -> a.Options:
    on_exit = fields.text('on_exit')
    if on_exit not in (None, 'shutdown'):
        raise fields.place('on_exit').error(f"'on_exit' is {on_exit!r}; it can only be 'shutdown'")
    return a.Options(
        cwd=fields.template('cwd'),
        prefix=fields.template('launch-prefix'),
        output=fields.template('output'),
        environment=fields.pairs('env'),
        respawn=fields.template('respawn'),
        respawn_delay=fields.seconds('respawn_delay'),
        respawn_max_retries=fields.count('respawn_max_retries'),
        sigterm_timeout=fields.seconds('sigterm_timeout'),
        sigkill_timeout=fields.seconds('sigkill_timeout'),
        emulate_tty=fields.flag('emulate_tty'),
        required=on_exit is not None,
    )


def _executable(fields: Fields) -> a.Executable:
    return a.Executable(
        fields.where,
        _condition(fields),
        command=words(fields.required('cmd')),
        label=fields.template('name'),
        shell=bool(fields.flag('shell')),
        options=_options(fields),
    )


def _words(template: Template | None) -> tuple[Template, ...]:
    return () if template is None else words(template)


def _node(fields: Fields) -> a.Node:
    return a.Node(
        fields.where,
        _condition(fields),
        package=fields.template('pkg'),
        executable=fields.required('exec'),
        label=fields.template('exec_name'),
        name=fields.template('name'),
        namespace=fields.template('namespace'),
        parameters=tuple(_parameter_entry(item) for item in fields.items('param')),
        remaps=fields.pairs('remap', 'from', 'to'),
        arguments=_words(fields.template('args')),
        ros_arguments=_words(fields.template('ros_args')),
        options=_options(fields),
    )


def _parameter_entry(item: Value) -> a.ParameterFile | tuple[a.Parameter, ...]:
    fields = Fields('param', item)
    if fields.get('from') is None:
        return _parameters(fields, ())
    path, substitute = fields.required('from'), fields.flag('allow_substs')
    fields.done()
    return a.ParameterFile(fields.where, path, bool(substitute))


def _parameters(fields: Fields, outer: tuple[Template, ...]) -> tuple[a.Parameter, ...]:
    names = (*outer, fields.required('name'))
    nested, value, kind = fields.items('param'), fields.get('value'), fields.text('type')
    fields.done()
    if (value is None) == (not nested) or (nested and kind):
        raise fields.where.error(
            f"parameter {names[-1].source!r} needs either 'value' (and 'type', if wanted) or "
            "nested 'param'"
        )
    if value is None:
        return tuple(p for item in nested for p in _parameters(Fields('param', item), names))
    if kind is not None and kind not in KINDS:
        raise fields.place('type').error(f"'type' is {kind!r}; there are: {sorted(KINDS)}")
    return (a.Parameter(fields.where, names, _parameter_value(value, kind), kind),)


def _parameter_value(value: Value, kind: str | None) -> a.Scalar | Template | tuple:
    if not isinstance(value.data, list):
        if kind in LISTS:
            raise value.where.error(f'a parameter of type {kind!r} is {plain(value)!r}, no list')
        return _scalar(value, kind)
    items = tuple(_scalar(item, element_kind(kind, value.where)) for item in value.data)
    if len({type(item) for item in items if not isinstance(item, Template)}) > 1:
        raise value.where.error(f'the list mixes types: {plain(value)!r}')
    return items


def _scalar(value: Value, kind: str | None) -> a.Scalar | Template:
    """Return the literal, or the template where there is something to substitute."""
    data = value.data
    if isinstance(data, str):
        template = read_template(data, value.where)
        if template.literal is None:
            return template
        data = template.literal
    if not fits(data, kind):
        raise value.where.error(
            f'a parameter is {plain(value)!r} ({type(data).__name__}), expected '
            f'{kind or "bool, int, float, text or a list of one of them"}'
        )
    return data


_READERS: dict[str, Callable[[Fields], a.Action]] = {
    'arg': _argument,
    'let': _let,
    'set_env': _set_environment,
    'unset_env': _unset_environment,
    'log': _log,
    'push_ros_namespace': _push_namespace,
    'push-ros-namespace': _push_namespace,
    'set_remap': _set_remap,
    'include': _include,
    'executable': _executable,
    'node': _node,
}
ACTIONS = ('group', *_READERS)
