"""A three-joint arm without a URDF, and what a governor needs each tick, for tests."""

import dataclasses

import numpy as np

from gae_arm.arm_control.command import JointCommand
from gae_arm.arm_control.governor import Governor
from gae_arm.arm_control.inputs import Inputs
from gae_arm.arm_control.limits import GovernorSettings, limited_arm
from gae_arm.core.arm import ArmConfig, GripperConfig, JointLimits
from gae_arm.core.motion import RobotState

JOINTS = ('one', 'two', 'three')
STEP_NS = 10_000_000
START_NS = 50 * 10**9


def small_arm(**limits) -> ArmConfig:
    values = {
        'lower': [-1.0, -2.0, -3.0],
        'upper': [1.0, 2.0, 3.0],
        'velocity': [1.0, 2.0, 2.0],
        'acceleration': [5.0, 10.0, 10.0],
        'jerk': [500.0, 1000.0, 200.0],
        'effort': [1.0, 1.0, 1.0],
        'source': 'made up',
    }
    gripper = GripperConfig(('finger',), [0.0], [0.04], 0.1, 10.0)
    home = np.clip(np.zeros(3), *(np.asarray((values | limits)[k]) for k in ('lower', 'upper')))
    return ArmConfig(
        'small',
        'none.urdf',
        'base',
        'tool',
        JOINTS,
        home,
        JointLimits(**(values | limits)),
        gripper,
    )


def settings(**changes) -> GovernorSettings:
    return GovernorSettings(**({'use_cloud': False, 'velocity_scale': 1.0, 'ramp': 0.0} | changes))


class Driver:
    """A governor with a controller that does exactly what it is told; one tick a call."""

    def __init__(self, arm=None, rules=(), obstacles=None, **changes):
        self.settings = settings(**changes)
        self.arm = limited_arm(arm or small_arm(), self.settings)
        self.governor = Governor(self.arm, self.settings, rules, obstacles)
        self.now_ns = START_NS
        self.position = self.arm.home.copy()
        self.outputs = []

    @property
    def here(self):
        """States (3, N) from which the next motion starts."""
        return self.governor.advance(self.now_ns).states[0]

    def state(self, **changes):
        zeros = np.zeros(len(self.arm.joints))
        values = {
            'stamp_ns': self.now_ns,
            'joint_names': self.arm.joints,
            'position': self.position,
            'velocity': zeros,
            'effort': zeros,
        }
        return RobotState(**(values | changes))

    def inputs(self, **changes):
        return dataclasses.replace(Inputs(self.state()), **changes)

    def towards(self, velocity, **changes):
        """A command that goes on from where the arm is at a velocity (N,)."""
        timeline = self.governor.advance(self.now_ns)
        start_ns, here = (
            (self.now_ns, self.position)
            if timeline is None
            else (timeline.start_ns, timeline.states[0, 0])
        )
        times = np.arange(11) * 10_000_000
        position = here + times[:, None] * 1e-9 * np.asarray(velocity, float)
        command = JointCommand(self.now_ns, self.arm.joints, start_ns + times, position)
        return dataclasses.replace(command, **changes)

    def tick(self, command=None, periods=1, inputs=None):
        output = self.governor.tick(self.now_ns, inputs or self.inputs(), command)
        self.outputs.append(output)
        self.now_ns += round(periods * self.settings.step_ns)
        timeline = self.governor.advance(self.now_ns)
        if timeline is not None:
            self.position = timeline.states[0, 0].copy()
        return output

    def run(self, velocity, ticks):
        """Follow a velocity for some ticks; return the last output."""
        for _ in range(ticks):
            output = self.tick(self.towards(velocity))
        return output

    def settle(self, ticks=100):
        """Give no command until the arm stands; return the last output."""
        for _ in range(ticks):
            output = self.tick()
        return output
