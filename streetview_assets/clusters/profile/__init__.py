"""What clusters are: their members, where they lie, and what goes with them."""
