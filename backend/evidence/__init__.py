"""Photos, signatures, service sheets, papers, case files, and the seals over history."""
