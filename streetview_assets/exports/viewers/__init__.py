"""The images of a study for programs that people look at images with."""
