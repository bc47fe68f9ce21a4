"""Where the camera stands: boards, recordings, hand-eye calibration, and its health at run time."""
