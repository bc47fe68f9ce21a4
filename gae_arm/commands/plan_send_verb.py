"""Send a plan that was written by hand (docs/plans.md), and watch the arm carry it out.

  gae plan send config/plans/cube_to_bowl.yaml
  gae plan send my_plan.yaml --for-approval       somebody says yes on the web page first
  gae plan send my_plan.yaml --check --arm ur5    only look whether it is fit; nothing is sent

The exit code is 0 only if the plan was carried out to its end (with --no-wait: if it was sent).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from gae_arm.commands.plan_check import check
from gae_arm.commands.plan_send import send
from gae_arm.core.plan_file import load_plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how it is sent."""
    add = parser.add_argument
    add('file', metavar='FILE', type=Path, help='the plan, YAML')
    add('--arm', help='a name in config/arms, or a YAML file; what action_expert runs by default')
    add('--check', action='store_true', help='check it only; no graph is needed')
    add('--for-approval', action='store_true', help='on proposed_plan, for a person to approve')
    add(
        '--wait',
        action=argparse.BooleanOptionalAction,
        default=True,
        help='watch until the plan is done',
    )
    add('--timeout', type=float, help="s to wait until it is done; by default the plan's expiry")


def run(args: argparse.Namespace) -> int:
    """Send it; return 0 only for success."""
    file = load_plan(args.file)
    if args.check:
        return check(file, args.arm)
    return send(file, args.arm, args.for_approval, args.wait, args.timeout)
