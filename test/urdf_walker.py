"""Forward kinematics from a URDF's XML alone, to check others against."""

import numpy as np

from gae_arm.core.geometry import rpy_to_matrix, transform
from gae_arm.core.urdf import chain


def walk(robot, base, tip, positions):
    """Return T_base_tip (4, 4); joints that are not in `positions` stand at 0."""
    T = np.eye(4)
    for joint in chain(robot, base, tip):
        origin = joint.find('origin')
        attributes = {} if origin is None else origin.attrib
        xyz, rpy = (np.array(attributes.get(k, '0 0 0').split(), float) for k in ('xyz', 'rpy'))
        T = T @ transform(rpy_to_matrix(*rpy), xyz) @ _motion(joint, positions)
    return T


def _motion(joint, positions):
    if joint.get('type') == 'fixed':
        return np.eye(4)
    q = positions.get(joint.get('name'), 0.0)
    x, y, z = axis = np.array(joint.find('axis').get('xyz').split(), float)
    if joint.get('type') == 'prismatic':
        return transform(np.eye(3), q * axis)
    K = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    # Rodrigues' formula.
    return transform(np.eye(3) + np.sin(q) * K + (1 - np.cos(q)) * K @ K, np.zeros(3))
