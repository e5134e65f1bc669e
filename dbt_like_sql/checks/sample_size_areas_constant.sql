-- Draws whose areas were to be held constant, but changed from one size to another: their curves
-- would show more areas as if these were more images.
-- asset: sample_size_scores
-- severity: warn
-- blocking: false
select
    target,
    features,
    k,
    group_name,
    repeat,
    sample_size,
    area_count,
    mode(area_count) over (
        partition by target, features, k, group_name, repeat
    ) as usual_area_count
from sample_size_scores
where areas = 'constant' and model <> 'mean' and metric = 'rmse' and value is not null
qualify area_count <> usual_area_count
order by target, features, k, group_name, repeat, sample_size
