-- Points that were never looked up.
-- asset: panoramas
-- severity: error
-- blocking: true
select point_id, area_code
from sample_points
anti join (select point_id from panoramas where is_current) using (point_id)
order by point_id
