"""A ROS 2 control stack that moves a robot arm by plain words: all but planner and expert."""
