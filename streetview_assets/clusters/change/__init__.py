"""What changed between captures of one place."""
