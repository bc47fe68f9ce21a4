"""Compile every kernel, or load it from the cache: `python -m gae_arm.commands.kernels`.

`./gae setup` does it once, so that no node's first start waits for the compiler. What is compiled
is kept as `gae_arm/core/jit.py` says, for this processor and this version of numba; done again,
it only loads.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from gae_arm.arm_control.arm_rules import make_governor
from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.ik import DifferentialIk
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.limits import GovernorSettings, limited_arm
from gae_arm.core import surface
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file
from gae_arm.point_cloud.calibration.arm_image import ArmSurface
from gae_arm.point_cloud.picture import draw_cloud, orthographic
from gae_arm.point_cloud.warm_up import warm_up

# Any arm will do: a kernel is compiled for types, not for sizes.
ARM = 'panda'


def main() -> None:
    """Do it, and say what is being done and how long it took."""
    parts: dict[str, Callable[[], None]] = {
        'point cloud': warm_up,
        'pictures of a cloud': _picture,
        'the arm as a camera sees it': _arm_image,
        'governor and distances': _governor,
        'inverse kinematics': _inverse_kinematics,
        'objects on the table': surface.warm_up,
    }
    begin = time.perf_counter()
    for number, (name, prepare) in enumerate(parts.items(), 1):
        print(f'{number} of {len(parts)}: {name}', flush=True)
        prepare()
    print(f'all kernels are ready after {time.perf_counter() - begin:.1f} s')


def _picture() -> None:
    view = orthographic('x', 'z', np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]), (8, 6))
    draw_cloud(view, np.full((1, 3), 0.5), np.zeros((1, 3), np.uint8), np.full(1, 0.1))


def _arm_image() -> None:
    ArmSurface(load_arm(arm_file(ARM)), 'collision').warm_up()


def _governor() -> None:
    settings = GovernorSettings()
    collision = CollisionModel(Kinematics(limited_arm(load_arm(arm_file(ARM)), settings)))
    collision.compile()
    make_governor(collision, settings).compile()


def _inverse_kinematics() -> None:
    kinematics = Kinematics(load_arm(arm_file(ARM)))
    home = kinematics.arm.home
    DifferentialIk(kinematics).step(home, kinematics.forward(home), 0.01)


if __name__ == '__main__':
    main()
