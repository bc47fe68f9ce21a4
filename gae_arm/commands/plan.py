"""Have the planner make a plan of one RGB-D image; no arm, no graph. Or send one written by hand.

  gae plan "put the red cube into the bowl" --rgb F --depth F --camera F --view plan.png
  gae plan send config/plans/cube_to_bowl.yaml

`gae plan send --help` says more about that. A first word other than `send` and `make` is an
instruction.

RGB, DEPTH and CAMERA are files as `gae cloud` takes them. Without extrinsics the largest plane
below the camera is taken for the table, if the image's up says that it may be level; what was
assumed is printed. MODEL is a name in config/planners, a profile of your own (.yaml), a folder of a
model, or a name on the hub.

Exit code: 0, a plan; 1, none, and why; 3, the model says that nothing is left to do.
"""

from __future__ import annotations

from gae_arm.commands import plan_make, plan_send_verb
from gae_arm.commands.plan_make import add_arguments, run

__all__ = ['ACTIONS', 'add_arguments', 'run']

ACTIONS = {'make': plan_make, 'send': plan_send_verb}
