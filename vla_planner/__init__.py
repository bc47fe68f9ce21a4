"""The thinking half: from one RGB-D image and an instruction to a few waypoints."""
