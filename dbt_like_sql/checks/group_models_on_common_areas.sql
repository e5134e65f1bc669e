-- Groups that were scored on other common areas than the rest, so that their scores do not compare.
-- asset: group_model_scores
-- severity: warn
-- blocking: false
select
    grouping,
    target,
    group_name,
    validation,
    model,
    metric,
    area_count,
    mode(area_count) over (partition by grouping, validation) as usual_area_count
from group_model_scores
where area_set = 'common' and fold = 0 and value is not null
qualify area_count <> usual_area_count
order by grouping, target, group_name, validation, model, metric
