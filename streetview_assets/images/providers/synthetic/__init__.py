"""The provider `synthetic`: it paints streets, for the demo and for tests with known truth."""


def __getattr__(name: str) -> object:
    # The processes that draw have no use for the provider and all that it imports.
    if name == "PROVIDER":
        from streetview_assets.images.providers.synthetic.provider import SyntheticProvider

        return SyntheticProvider
    raise AttributeError(name)
