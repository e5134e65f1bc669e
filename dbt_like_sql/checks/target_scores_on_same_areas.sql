-- Targets that were scored on other areas than the rest, so that their scores do not compare.
-- Scores of a decile are of its areas alone, and say nothing of which areas there were.
-- asset: target_scores
-- severity: warn
-- blocking: false
select
    target,
    validation,
    model,
    metric,
    area_count,
    mode(area_count) over () as usual_area_count
from target_scores
where fold = 0 and group_name = 'all' and not contains(metric, 'decile')
qualify area_count <> usual_area_count
order by target, validation, model, metric
