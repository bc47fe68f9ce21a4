"""From a depth image to the points that the expert sees: deproject, crop, mask, sample, encode."""
