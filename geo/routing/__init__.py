"""Jobs to crews over a day: the problem, its exact timing and scoring, the solvers, and inserting one job."""
