"""Whether roads are OpenStreetMap's, and whom to name then."""

from streetview_assets.study.points import Roads

FILES = (".osm", ".pbf", ".graphml")
LICENCE = "map data: © OpenStreetMap contributors, ODbL 1.0"
CREDIT = "Roads © OpenStreetMap contributors, ODbL 1.0"


def is_openstreetmap(roads: Roads | None) -> bool:
    """Say whether roads come from OpenStreetMap, as far as their source or kind of file tells."""
    if roads is None:
        return False
    return roads.source == "overpass" or (roads.path is not None and roads.path.suffix in FILES)


def roads_credit(roads: Roads | None) -> str:
    """Give the line that names whose roads are on a map; empty where that is not known."""
    return CREDIT if is_openstreetmap(roads) else ""
