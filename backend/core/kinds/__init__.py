"""How a kind of record is declared, read and collected, and the kinds that core itself has."""
