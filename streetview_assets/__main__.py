"""`python -m streetview_assets` is the command `streetview`."""

from streetview_assets.cli.entry import main

if __name__ == "__main__":
    main()
