"""Experiments: for now the paper's own numbers (:mod:`vmp.experiments.paper`)."""
