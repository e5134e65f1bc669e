"""What `streetview show` tells of an image or an area."""
