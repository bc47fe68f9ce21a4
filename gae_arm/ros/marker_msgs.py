"""Things to draw and paths: to the messages that rviz shows, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from nav_msgs.msg import Path
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from gae_arm.core.marks import Mark


def marks_to_msg(marks: Sequence[Mark], frame_id: str) -> MarkerArray:
    """Return one array that shows these marks and nothing else, whatever was shown before.

    All stamps are zero: rviz then takes the newest transform of the frame. With the stamp of a
    plan it would refuse the markers as soon as its transforms of that time are gone.
    """
    clear = Marker(action=Marker.DELETEALL)
    clear.header.frame_id = frame_id
    markers = [_marker(number, mark, frame_id) for number, mark in enumerate(marks)]
    return MarkerArray(markers=[clear, *markers])


def _marker(number: int, mark: Mark, frame_id: str) -> Marker:
    r, g, b, a = mark.color
    x, y, z = mark.position.tolist()
    flat = mark.shape.name.startswith('LINE')
    msg = Marker(
        ns=mark.namespace,
        id=number,
        type=int(mark.shape),
        action=Marker.ADD,
        pose=Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(w=1.0)),
        scale=Vector3(x=mark.size, y=0.0 if flat else mark.size, z=0.0 if flat else mark.size),
        color=ColorRGBA(r=r, g=g, b=b, a=a),
        points=[Point(x=x, y=y, z=z) for x, y, z in mark.points.tolist()],
        text=mark.text,
    )
    msg.header.frame_id = frame_id
    return msg


def path_from_msg(msg: Path) -> np.ndarray:
    """Return the positions (N, 3), metres, in the path's frame; those not finite are left out."""
    points = [pose.pose.position for pose in msg.poses]
    out = np.array([(p.x, p.y, p.z) for p in points]).reshape(-1, 3)
    return out[np.isfinite(out).all(axis=1)]
