"""The providers, each with its facts in its own file, and the registry that names them."""
