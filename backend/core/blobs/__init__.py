"""Where bytes live: content-addressed objects on disk, S3 or in memory, and uploads under way."""
