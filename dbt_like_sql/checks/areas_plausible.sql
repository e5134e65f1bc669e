-- Areas without a size, or whose point is nowhere on earth: columns or CRS were mixed up.
-- asset: areas
-- severity: error
-- blocking: true
select area_code, area_km2, longitude, latitude
from areas
where
    not (area_km2 > 0)
    or longitude not between -180 and 180
    or latitude not between -90 and 90
order by area_code
