-- Authorities where fewer than 90 % of the areas that have a point have a current image.
-- No model can learn from areas without an image, nor say anything of them. Of fewer than 5 areas
-- a share says nothing.
-- asset: images
-- severity: warn
-- blocking: false
with imaged as (
    select distinct area_code
    from images
    where is_current and status = 'ok'
),

wanted as (
    select distinct sample_points.authority_code, sample_points.area_code
    from sample_points
    where area_code is not null
)

select
    authority_code,
    count(imaged.area_code) as area_with_image_count,
    count(*) as area_with_point_count,
    count(imaged.area_code) / count(*) as area_covered_share,
    min(wanted.area_code) filter (where imaged.area_code is null) as first_area_without
from wanted
left join imaged on imaged.area_code = wanted.area_code
group by authority_code
having count(*) >= 5 and count(imaged.area_code) / count(*) < 0.9
order by authority_code
