"""What AWS hands us and what we hand AWS, except tables: events, the queue of hints, the bus, secrets."""
