-- Areas that are not exactly once in the mart, and areas with neither a prediction nor a reason.
-- asset: area_profile
-- severity: error
-- blocking: true
select area_code, count(area_profile.area_code) as row_count
from areas
left join area_profile using (area_code)
group by area_code
having
    count(area_profile.area_code) <> 1
    or bool_or(area_profile.predicted is null and area_profile.reason is null)
order by area_code
