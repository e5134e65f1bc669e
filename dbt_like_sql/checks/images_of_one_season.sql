-- Authorities whose current images were captured partly with leaves on the trees, partly without:
-- a difference of seasons is then read as a difference of places.
-- With leaves are May to October, south of the equator November to April; between the tropics
-- (23.4 degrees) leaves do not follow the months. Mixed is a share between 20 % and 80 %. Of fewer
-- than 50 images one drive decides.
-- asset: images
-- severity: warn
-- blocking: false
with dated as (
    select
        images.authority_code,
        (month(captured_on) between 5 and 10) = (latitude > 0) as is_leaf_on
    from images
    inner join sample_points on sample_points.point_id = images.point_id
    where
        is_current
        and status = 'ok'
        and captured_on > date '0001-01-01'
        and abs(latitude) > 23.4
)

select
    authority_code,
    count(*) filter (where is_leaf_on) as leaf_on_count,
    count(*) as image_count,
    count(*) filter (where is_leaf_on) / count(*) as leaf_on_share
from dated
group by authority_code
having
    count(*) >= 50
    and count(*) filter (where is_leaf_on) / count(*) between 0.2 and 0.8
order by authority_code
