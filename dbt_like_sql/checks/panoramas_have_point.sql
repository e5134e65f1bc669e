-- Current panoramas of points that do not exist.
-- asset: panoramas
-- severity: error
-- blocking: false
select point_id, panorama_id
from panoramas
anti join sample_points using (point_id)
where is_current
order by point_id, panorama_id
