"""What chapters compute from stored runs, beyond a table and its comparisons: one question a module."""
