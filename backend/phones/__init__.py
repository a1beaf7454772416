"""What phones exchange with the server: pull, push, parked work, hand-in, nudges."""
