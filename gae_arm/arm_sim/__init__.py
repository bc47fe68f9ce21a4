"""The simulated arm: MuJoCo physics, scenes, cameras. The core files work without ROS."""
