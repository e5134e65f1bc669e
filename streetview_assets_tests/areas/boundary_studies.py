"""Parts of study files on boundaries: of the squares, and of real ones."""

COLUMNS = {"code": "code", "name": "label"}
AUTHORITIES = {"authority_code": "council", "authority_name": "council_name"}


def real_lookup(folder, edition):
    return {
        "path": str(folder / "lookups/lookup_lsoa11_lsoa21_ltla22.csv"),
        "code": f"lsoa{edition}_code",
        "authority_code": "ltla22_code",
        "authority_name": "ltla22_name",
    }


def leeds_2021(folder):
    return {
        "path": str(folder / "lsoa/leeds_lsoa2021_simplified.geojson"),
        "code": "lsoa21_code",
        "name": "lsoa21_name",
        "authority_code": "ltla24_code",
        "authority_name": "ltla24_name",
    }


def leeds_2011(folder):
    return {
        "path": str(folder / "lsoa/leeds_lsoa2011_E08000035.geojson"),
        "code": "LSOA11CD",
        "name": "LSOA11NM",
        "lookup": real_lookup(folder, 11),
    }
