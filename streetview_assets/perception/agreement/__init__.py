"""How far people agree in what they see, and which groups of people do not."""
