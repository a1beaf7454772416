"""Vehicle routing of crews over a day: the problem, exact timing and scoring, solvers, inserting one job."""
