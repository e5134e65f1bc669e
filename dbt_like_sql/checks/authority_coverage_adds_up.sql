-- Authorities whose areas or images are counted otherwise in the mart than in the tables.
-- asset: authority_coverage
-- severity: error
-- blocking: true
with counted as (
    select
        (select count(*) from areas) as area_count,
        (select count(*) from images where status = 'ok' and is_current) as image_count,
        (select count(*) from sample_points) as point_count
),

covered as (
    select
        sum(area_count) as area_count,
        sum(image_count) as image_count,
        sum(point_count) as point_count
    from authority_coverage
)

select
    counted.area_count,
    covered.area_count as area_count_in_mart,
    counted.image_count,
    covered.image_count as image_count_in_mart,
    counted.point_count,
    covered.point_count as point_count_in_mart
from counted
cross join covered
where
    counted.area_count <> coalesce(covered.area_count, 0)
    or counted.image_count <> coalesce(covered.image_count, 0)
    or counted.point_count <> coalesce(covered.point_count, 0)
