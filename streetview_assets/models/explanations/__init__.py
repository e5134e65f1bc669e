"""What moves a prediction: the images of an area, and the words that its images are like."""
