"""Asking a provider: one client, its rate, its patience and its bounds."""
