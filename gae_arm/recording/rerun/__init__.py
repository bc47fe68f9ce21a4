"""What made clouds, plans and chunks, run again on a bag, and compared with the bag."""
