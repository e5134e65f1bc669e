-- Points whose predicted or observed decile is none of 1 to 10.
-- asset: ordinal_outputs
-- severity: error
-- blocking: false
select point_id, area_code, validation, share_added, decile, observed
from ordinal_outputs
where decile not between 1 and 10 or observed not between 1 and 10
order by point_id, area_code, validation, share_added
