"""A number with what it counts: `1 area`, `1,204 areas`."""


def counted(count: int, noun: str, plural: str = "") -> str:
    """Say how many of something there are.

    Parameters
    ----------
    count
        How many.
    noun
        What, of one.
    plural
        What, of several; default: with an `s`.
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
