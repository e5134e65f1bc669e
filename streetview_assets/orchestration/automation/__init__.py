"""What starts runs: conditions, jobs, schedules, sensors, and the partitions they are for."""
