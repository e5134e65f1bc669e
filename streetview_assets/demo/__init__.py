"""The bundled demo: a made-up town."""
