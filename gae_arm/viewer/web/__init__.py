"""The web page: robot, cloud, plan, status, stop and approval."""
