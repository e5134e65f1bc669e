"""The names that the UI answers to."""

HOSTS_VARIABLE = "STREETVIEW_UI_HOSTS"
LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]")
