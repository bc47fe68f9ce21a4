"""Statistical outlier removal, off the hot path: Open3D does it, where it is installed."""

from __future__ import annotations

import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import MissingDependencyError


def statistical_inliers(
    points: np.ndarray, neighbours: int = 20, deviations: float = 2.0
) -> np.ndarray:
    """Return bool (N,): False for points (N, 3) that lie far from their neighbours.

    Far: the mean distance to the nearest `neighbours` points is more than `deviations` standard
    deviations above the cloud's mean of it (Rusu et al. 2008). Takes about a second for 300,000
    points. Raises MissingDependencyError without Open3D.
    """
    checks.integer('neighbours', neighbours, 1, 1000)
    checks.number('deviations', deviations, 1e-6)
    try:
        import open3d
    except (ImportError, OSError) as error:
        raise MissingDependencyError(
            f'statistical outlier removal needs Open3D ({error}); install it with: '
            'pip install open3d, and libusb-1.0-0 and libgomp1 from the system'
        ) from error
    keep = np.zeros(len(points), np.bool_)
    if len(points):
        vector = open3d.utility.Vector3dVector(np.asarray(points, np.float64))
        cloud = open3d.geometry.PointCloud(vector)
        keep[cloud.remove_statistical_outlier(neighbours, deviations)[1]] = True
    return keep
