"""`gae VERB ...`: finds the verb's module and runs it; errors become a sentence, exit code 1.

A verb's module may name ACTIONS, modules by the word after the verb that does something else.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from gae_arm.commands.help_format import VerbParser
from gae_arm.commands.outputs import check_outputs
from gae_arm.core.errors import GaeError

VERBS = {
    'demo': 'say what the arm shall do and see it done, from nothing',
    'setup': 'make everything ready: ROS 2, Python packages, interfaces',
    'launch': 'run a launch file',
    'plan': 'have the planner plan on an image; or send a plan that was written by hand',
    'stop': 'stop the arm; it stands until `gae resume`',
    'resume': 'let the arm move again after a stop',
    'record': 'record the running stack to a bag (MCAP)',
    'replay': 'play a bag into the graph; or run it again, and compare',
    'cloud': 'draw the cloud of one RGB-D image, to check a camera',
    'shadow': 'draw what the arm would do in real images; nothing moves',
    'calibrate': 'find where the camera stands, or print a board for it',
    'eval': 'success of policies on the tasks, with intervals; robustness; obedience',
    'data': 'make demonstrations, look at them, check, import and export them',
    'train': 'train the planner and the action expert',
    'bench': 'measure speed, beside what a user would pick instead',
    'doctor': 'check the machine and the running graph; say what to do',
    'test': 'run lint, types and all tests',
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code: 0 only for success."""
    args = sys.argv[1:] if argv is None else list(argv)
    if not args or args[0] in ('-h', '--help', 'help'):
        print(_overview())
        return 0 if args else 2
    verb, words = args[0], args[1:]
    if verb not in VERBS:
        return _fail(f'there is no verb {verb!r}; there are: {list(VERBS)}')
    module = importlib.import_module(f'gae_arm.commands.{verb}')
    actions = getattr(module, 'ACTIONS', {})
    if words and words[0] in actions:
        module, verb, words = actions[words[0]], f'{verb} {words[0]}', words[1:]
    parser = VerbParser(prog=f'gae {verb}', description=module.__doc__)
    module.add_arguments(parser)
    if getattr(module, 'PASSES_WORDS_ON', False) and words[:1] not in (['-h'], ['--help']):
        words = ['--', *words]
    try:
        parsed = parser.parse_args(words)
        check_outputs(parsed)
        return module.run(parsed)
    except GaeError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def _overview() -> str:
    width = max(map(len, VERBS))
    lines = [f'  {verb:<{width}}  {text}' for verb, text in VERBS.items()]
    head = ['Tell a robot arm what to do in plain words.', '', 'usage: gae VERB [...]', '']
    return '\n'.join([*head, *lines, '', 'gae VERB --help says more about one.'])


def _fail(message: str) -> int:
    print(f'error: {message}', file=sys.stderr)
    return 1


if __name__ == '__main__':
    sys.exit(main())
