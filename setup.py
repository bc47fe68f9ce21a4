"""The ROS package gae_arm: three import packages, launch files, configuration and one command."""

from pathlib import Path

from setuptools import find_packages, setup

NAME = 'gae_arm'
IMPORTS = (NAME, 'action_expert', 'vla_planner')
NODES = (
    'action_expert',
    'arm_control',
    'arm_sim',
    'calibration_health',
    'driver_bridge',
    'plan_markers',
    'point_cloud',
    'shadow_source',
    'viewer',
    'vla_planner',
)


def data_files(folder: str) -> list[tuple[str, list[str]]]:
    """List every file below `folder` for share/gae_arm, keeping the tree."""
    found: dict[str, list[str]] = {}
    for path in sorted(Path(folder).rglob('*')):
        if path.is_file():
            found.setdefault(f'share/{NAME}/{path.parent}', []).append(str(path))
    return list(found.items())


setup(
    name=NAME,
    version='0.1.0',
    packages=find_packages(include=[p for name in IMPORTS for p in (name, f'{name}.*')]),
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
        *data_files('launch'),
        *data_files('config'),
        *data_files('models'),
    ],
    install_requires=['setuptools'],
    extras_require={'test': ['pytest']},
    entry_points={
        'console_scripts': [
            'gae = gae_arm.commands.main:main',
            *(f'{name} = gae_arm.commands.start:{name}' for name in NODES),
        ]
    },
    maintainer='GAE stack maintainers',
    maintainer_email='gae-stack@users.noreply.github.com',
    description='Tell a robot arm what to do in plain words.',
    license='Apache-2.0',
    zip_safe=True,
)
