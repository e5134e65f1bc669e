"""What serves alone, on arrays and frames of one's own, without a study file.

Every function checks what it is given and says which of it is wrong, by a `ValueError`.
"""
