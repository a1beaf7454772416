"""Generated days of cities that nothing was tuned to, and an oracle of who could have gone."""
