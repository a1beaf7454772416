"""SQL, one module per question: reads, and writes of rows that are no records."""
