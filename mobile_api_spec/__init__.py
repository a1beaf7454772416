"""The contract between server and phones, and a reference phone that knows nothing else."""
