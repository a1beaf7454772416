"""The queue: serving facts from the outbox, and what runs by the clock."""
