"""What rviz shows of plan and arm status."""
