"""The acting half: sparse waypoints, the arm's state and the cloud in, dense motion out."""
