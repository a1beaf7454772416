"""What an operator does before an installation is used: sets it up, and checks it."""
