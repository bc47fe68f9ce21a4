"""The learned policy: one frozen network that corrects sparse waypoints by what the cloud shows."""
