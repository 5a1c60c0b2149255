"""Video into tensors: decoding, sampling and, later, the data sets."""
