"""What people do, see and choose, independent of how they ask."""
