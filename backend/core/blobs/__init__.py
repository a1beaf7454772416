"""Storage of bytes: content-addressed objects on disk, S3 or in memory, and files of uploads under way."""
