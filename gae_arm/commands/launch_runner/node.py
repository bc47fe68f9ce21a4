"""From a `node` to the command line that launch_ros would run."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import yaml

from gae_arm.commands.launch_runner import packages
from gae_arm.commands.launch_runner.actions import Node, Parameter, ParameterFile
from gae_arm.commands.launch_runner.parameters import evaluate
from gae_arm.commands.launch_runner.scope import Scope
from gae_arm.commands.launch_runner.source import Where
from gae_arm.commands.launch_runner.substitutions import expand, read
from gae_arm.commands.launch_runner.template import Template

NAMESPACE = 'ros_namespace'


def command(node: Node, scope: Scope, folder: Path) -> list[str]:
    """Return executable and arguments; parameter files are written into `folder`.

    Order as in launch_ros: own arguments, own ROS arguments, name, namespace, parameters, remaps;
    of these first those of the scope: for ROS the first that fits counts.
    """
    name = _node_name(node.name, scope)
    namespace = _namespace(node.namespace, scope)
    rules = [f'__node:={name}'] if name is not None else []
    rules += [f'__ns:={namespace}'] if namespace is not None else []
    out = [_executable(node, scope), *(expand(word, scope) for word in node.arguments)]
    if node.ros_arguments:
        out += ['--ros-args', *(expand(word, scope) for word in node.ros_arguments)]
    out.append('--ros-args')
    out += [part for rule in rules for part in ('-r', rule)]
    for entry in node.parameters:
        out += ['--params-file', str(_parameter_file(entry, scope, folder, name, namespace))]
    own = [(expand(source, scope), expand(target, scope)) for source, target in node.remaps]
    for source, target in (*scope.remaps, *own):
        out += ['-r', f'{source}:={target}']
    return out


def push_namespace(pushed: Template, scope: Scope) -> None:
    """Extend the scope's namespace; one that begins with / replaces it."""
    namespace = join_namespace(scope.variables.get(NAMESPACE), expand(pushed, scope))
    _check_namespace(namespace, pushed.where)
    scope.variables[NAMESPACE] = namespace


def join_namespace(base: str | None, namespace: str) -> str:
    """Return the absolute namespace of `namespace` seen from `base`, without a slash at its end."""
    if base and not namespace.startswith('/'):
        namespace = f'{"" if base == "/" else base}/{namespace}'
    namespace = namespace.rstrip('/')
    return namespace if namespace.startswith('/') else f'/{namespace}'


def _executable(node: Node, scope: Scope) -> str:
    name = expand(node.executable, scope)
    if node.package is None:
        return name
    with node.executable.where.named():
        return str(packages.executable(expand(node.package, scope), name))


def _node_name(template: Template | None, scope: Scope) -> str | None:
    if template is None:
        return None
    name = expand(template, scope)
    if not re.fullmatch(r'[A-Za-z_][A-Za-z0-9_]{0,254}', name):
        raise template.where.error(
            f'{name!r} is no node name: letters, digits and _, not beginning with a digit'
        )
    return name


def _namespace(template: Template | None, scope: Scope) -> str | None:
    base = scope.variables.get(NAMESPACE)
    if template is None:
        return None if base is None else join_namespace(None, base)
    namespace = join_namespace(base, expand(template, scope))
    _check_namespace(namespace, template.where)
    return namespace


def _check_namespace(namespace: str, where: Where) -> None:
    if not re.fullmatch(r'/|(/[A-Za-z_][A-Za-z0-9_]*)+', namespace) or len(namespace) > 245:
        raise where.error(
            f'{namespace!r} is no namespace: words of letters, digits and _, with / between'
        )


def _parameter_file(
    entry: ParameterFile | tuple[Parameter, ...],
    scope: Scope,
    folder: Path,
    name: str | None,
    namespace: str | None,
) -> Path:
    """Return the file with these parameters: the given one, or a new one in `folder`.

    Where the full name of the node is not known, the parameters are for every node: `/**`.
    """
    if isinstance(entry, ParameterFile):
        return _given_file(entry, scope, folder)
    key = '/**' if name is None or namespace is None else join_namespace(namespace, name)
    text = yaml.dump({key: {'ros__parameters': evaluate(entry, scope)}}, default_flow_style=False)
    return _write(text, folder)


def _given_file(entry: ParameterFile, scope: Scope, folder: Path) -> Path:
    path, where = Path(expand(entry.path, scope)), entry.path.where
    if not path.is_file():
        raise where.error(f'there is no parameter file {path}')
    if not entry.substitute:
        return path
    try:
        text = expand(read(path.read_text(), Where(path, 1)), scope)
        yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise where.error(f'{path} is not YAML after its substitutions: {error}') from error
    return _write(text, folder)


def _write(text: str, folder: Path) -> Path:
    with tempfile.NamedTemporaryFile(
        'w', prefix='launch_params_', suffix='.yaml', dir=folder, delete=False
    ) as file:
        file.write(text)
    return Path(file.name)
