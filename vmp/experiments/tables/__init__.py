"""The paper's tables, and the controls that it lacks, as rows of runs: a module each."""
