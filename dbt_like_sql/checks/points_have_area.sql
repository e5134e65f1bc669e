-- Points whose area does not exist, or that lie in none although the study has areas.
-- asset: sample_points
-- severity: error
-- blocking: true
select point_id, area_code
from sample_points
anti join areas using (area_code)
where area_code is not null or (select count(*) from areas) > 0
order by point_id
