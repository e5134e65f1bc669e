"""The first study file of a user: guessed from the headers of files, its guesses marked."""
