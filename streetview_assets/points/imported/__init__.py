"""Points made elsewhere: lists of locations, tables, stores of street data."""
