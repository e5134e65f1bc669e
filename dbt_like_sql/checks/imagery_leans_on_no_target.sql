-- Whether images per point rise or fall with the target over the areas of the study: areas of
-- which more is seen are then others than those of which less is seen, and a score holds for them.
-- Warns of a rank correlation (Spearman) above 0.2 in absolute value, from 30 areas on, that is
-- more than chance: beyond twice its standard error, 1 / sqrt(areas - 1). An area without a point
-- counts as one without images.
-- asset: imagery_quality
-- severity: warn
-- blocking: false
with with_target as (
    select
        observed,
        coalesce(image_count / nullif(point_count, 0), 0) as images_per_point
    from area_profile
    where observed is not null
),

ranked as (
    select
        images_per_point,
        rank() over (order by observed)
        + count(*) over (partition by observed) / 2 as target_rank,
        rank() over (order by images_per_point)
        + count(*) over (partition by images_per_point) / 2 as coverage_rank
    from with_target
),

leaning as (
    select
        round(corr(target_rank, coverage_rank), 9) as correlation,
        count(*) as area_count,
        count(*) filter (where images_per_point = 0) as area_without_image_count
    from ranked
)

select study.target, correlation, area_count, area_without_image_count
from leaning
cross join study
where
    area_count >= 30
    and isfinite(correlation)
    and abs(correlation) > greatest(0.2, 2 / sqrt(area_count - 1))
