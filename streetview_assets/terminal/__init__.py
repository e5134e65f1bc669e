"""What the command shows in a terminal or a log."""
