"""A study that is opened: its sources, what its tables are made from, and what is out of date."""
