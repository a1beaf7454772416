"""What alarms are measured by, and what is kept of them."""
