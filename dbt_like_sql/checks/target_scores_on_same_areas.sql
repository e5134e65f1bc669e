-- Targets that were scored on other areas than the rest, so that their scores do not compare.
-- asset: target_scores
-- severity: warn
-- blocking: false
with pooled as (
    select
        target,
        validation,
        model,
        metric,
        area_count
    from target_scores
    where fold = 0 and group_name = 'all'
),

usual as (
    select mode(area_count) as usual_area_count
    from pooled
)

select
    pooled.target,
    pooled.validation,
    pooled.model,
    pooled.metric,
    pooled.area_count,
    usual.usual_area_count
from pooled
cross join usual
where pooled.area_count <> usual.usual_area_count
order by pooled.target, pooled.validation, pooled.model, pooled.metric
