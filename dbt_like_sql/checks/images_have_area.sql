-- Images whose point is unknown, or lies in another area than the image says.
-- asset: images
-- severity: error
-- blocking: false
select
    images.image_id,
    images.point_id,
    images.area_code,
    sample_points.area_code as point_area_code
from images
left join sample_points using (point_id)
where
    sample_points.point_id is null
    or images.area_code is distinct from sample_points.area_code
order by images.image_id
