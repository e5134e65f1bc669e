-- Draws whose areas were to be held constant, but changed from one size to another: their curves
-- would show more areas as if these were more images.
-- asset: sample_size_scores
-- severity: warn
-- blocking: false
with constant as (
    select
        target,
        features,
        k,
        group_name,
        repeat,
        sample_size,
        area_count
    from sample_size_scores
    where areas = 'constant' and model <> 'mean' and metric = 'rmse' and value is not null
),

usual as (
    select
        target,
        features,
        k,
        group_name,
        repeat,
        mode(area_count) as usual_area_count
    from constant
    group by target, features, k, group_name, repeat
)

select
    constant.target,
    constant.features,
    constant.k,
    constant.group_name,
    constant.repeat,
    constant.sample_size,
    constant.area_count,
    usual.usual_area_count
from constant
inner join usual using (target, features, k, group_name, repeat)
where constant.area_count <> usual.usual_area_count
order by
    constant.target,
    constant.features,
    constant.k,
    constant.group_name,
    constant.repeat,
    constant.sample_size
