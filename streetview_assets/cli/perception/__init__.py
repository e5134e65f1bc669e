"""`streetview perception`: what people see in images, from their ratings."""
