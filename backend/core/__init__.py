"""What every capability stands on: declaring kinds, writing records, policy, errors, facts, and HTTP by kind."""
