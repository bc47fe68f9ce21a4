"""What people see: markers for rviz and the web page."""
