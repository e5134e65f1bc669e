"""Keys of paid services, from the environment alone."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class Secrets:
    """Keys of paid services, from the environment alone; never shown, logged or stored."""

    google_maps_api_key: str | None
    google_maps_signing_secret: str | None
    mapillary_token: str | None


def secrets_from_environment() -> Secrets:
    """Read the providers' keys from the environment."""
    return Secrets(
        google_maps_api_key=os.environ.get("GOOGLE_MAPS_API_KEY"),
        google_maps_signing_secret=os.environ.get("GOOGLE_MAPS_SIGNING_SECRET"),
        mapillary_token=os.environ.get("MAPILLARY_TOKEN"),
    )
