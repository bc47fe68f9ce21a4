"""Have the planner make a plan of an image, or send one that was written by hand.

  gae plan "put the red cube into the bowl" --rgb F --depth F --camera F --view plan.png
  gae plan send config/plans/cube_to_bowl.yaml

`gae plan make --help` and `gae plan send --help` say more about each. A first word other than
`send` and `make` is an instruction.
"""

from __future__ import annotations

import argparse
from types import ModuleType

from gae_arm.commands import plan_make, plan_send_verb

PASSES_WORDS_ON = True
ACTIONS: dict[str, ModuleType] = {'make': plan_make, 'send': plan_send_verb}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take all words as they are: each action has a parser of its own."""
    parser.add_argument(
        'words', nargs='+', metavar='INSTRUCTION ... | send FILE ...', help='see above'
    )


def run(args: argparse.Namespace) -> int:
    """Do it; return 0 only for success."""
    action, words = 'make', args.words
    if words[0] in ACTIONS:
        action, words = words[0], words[1:]
    module = ACTIONS[action]
    parser = argparse.ArgumentParser(prog=f'gae plan {action}', description=module.__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    module.add_arguments(parser)
    code: int = module.run(parser.parse_args(words))
    return code
