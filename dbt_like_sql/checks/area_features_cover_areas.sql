-- Areas that are not exactly once in the mart, and areas whose vector is missing though they have
-- images with one.
-- asset: area_features
-- severity: error
-- blocking: true
select area_code, count(area_features.area_code) as row_count
from areas
left join area_features using (area_code)
group by area_code
having
    count(area_features.area_code) <> 1
    or bool_or(
        area_features.embedded_image_count > 0
        and (area_features.pooled_median is null or area_features.dispersion is null)
    )
order by area_code
