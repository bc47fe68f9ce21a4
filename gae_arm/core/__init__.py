"""The ground: contracts, geometry and errors. numpy (and PyYAML for files), no ROS."""
