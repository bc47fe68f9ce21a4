"""What every test relies on: field checks in rclpy, and no graph but our own."""

import os

# rclpy checks message fields only under this variable, read at import: Point(x=1) would silently
# publish 5e-324.
os.environ['ROS_PYTHON_CHECK_FIELDS'] = '1'
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
