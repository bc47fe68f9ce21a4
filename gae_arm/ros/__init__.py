"""The ROS edge: messages to contracts and back, QoS, parameters. Nothing else imports messages."""
