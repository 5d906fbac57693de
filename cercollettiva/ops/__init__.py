"""What runs the other rooms: the demo, the doctor, backups, broker files, jobs."""
