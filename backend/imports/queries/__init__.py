"""What imports ask of the database."""
