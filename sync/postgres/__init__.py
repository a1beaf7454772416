"""The stores on PostgreSQL: the only modules of the sync core that contain SQL."""
