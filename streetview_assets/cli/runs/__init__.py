"""What the terminal shows while a study runs, and what came of it."""
