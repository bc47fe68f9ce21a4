"""A small arm made for tests: three revolute joints, boxes only, a mounted gripper."""

import yaml

URDF = """<robot name="toy">
  <link name="stand"/>
  <joint name="stand_joint" type="fixed">
    <parent link="stand"/><child link="base"/><origin xyz="0.2 -0.1 0.5" rpy="0 0 0.7"/>
  </joint>
  <link name="base"/>
  <joint name="turn" type="revolute">
    <parent link="base"/><child link="trunk"/><origin xyz="0 0 0.1"/><axis xyz="0 0 1"/>
    <limit lower="-3" upper="3" effort="40" velocity="2"/>
  </joint>
  <link name="trunk">
    <collision><origin xyz="0 0 0.15"/><geometry><box size="0.08 0.08 0.2"/></geometry></collision>
    <inertial><origin xyz="0 0 0.15"/><mass value="3"/>
      <inertia ixx="0.02" iyy="0.02" izz="0.01" ixy="0" ixz="0" iyz="0"/></inertial>
  </link>
  <joint name="lift" type="revolute">
    <parent link="trunk"/><child link="upper"/><origin xyz="0 0 0.3"/><axis xyz="0 1 0"/>
    <limit lower="-2" upper="2" effort="40" velocity="2"/>
  </joint>
  <link name="upper">
    <collision><origin xyz="0.15 0 0"/><geometry><box size="0.3 0.06 0.06"/></geometry></collision>
    <inertial><origin xyz="0.15 0 0"/><mass value="1.5"/>
      <inertia ixx="0.002" iyy="0.012" izz="0.012" ixy="0" ixz="0" iyz="0"/></inertial>
  </link>
  <joint name="bend" type="revolute">
    <parent link="upper"/><child link="fore"/><origin xyz="0.3 0 0"/><axis xyz="0 1 0"/>
    <limit lower="-2.5" upper="2.5" effort="20" velocity="3"/>
  </joint>
  <link name="fore">
    <collision><origin xyz="0.1 0 0"/><geometry><box size="0.2 0.05 0.05"/></geometry></collision>
    <inertial><origin xyz="0.1 0 0"/><mass value="0.8"/>
      <inertia ixx="0.001" iyy="0.003" izz="0.003" ixy="0" ixz="0" iyz="0"/></inertial>
  </link>
</robot>
"""


def description() -> dict:
    """Return what the toy arm's YAML file says."""
    n = [1.0, 1.0, 1.0]
    return {
        'name': 'toy',
        'urdf': 'toy.urdf',
        'base_frame': 'base',
        'end_effector_frame': 'gripper_tcp',
        'joints': ['turn', 'lift', 'bend'],
        'home': [0.1, -0.2, 0.5],
        'limits': {
            'lower': [-2.9, -2.0, -2.5],
            'upper': [2.9, 2.0, 2.5],
            'velocity': [2.0, 2.0, 3.0],
            'acceleration': n,
            'jerk': n,
            'effort': [40.0, 40.0, 20.0],
            'source': 'made up',
        },
        'gripper': {
            'joints': ['gripper_left_finger_joint', 'gripper_right_finger_joint'],
            'closed': [0.0, 0.0],
            'opened': [0.03, 0.03],
            'velocity': 0.1,
            'effort': 20.0,
            'mount': {
                'link': 'fore',
                'xyz': [0.2, 0.0, 0.0],
                'rpy': [0.0, 1.5707963267948966, 0.0],
                'stroke': 0.06,
                'finger_length': 0.05,
                'finger_width': 0.02,
                'finger_thickness': 0.01,
                'mass': 0.5,
            },
        },
    }


def write(folder, urdf=URDF, **changes):
    """Write URDF and YAML files into `folder` and return the path of the YAML file."""
    (folder / 'toy.urdf').write_text(urdf)
    path = folder / 'toy.yaml'
    path.write_text(yaml.safe_dump(description() | changes))
    return path
