-- Groups that were scored on other common areas than the rest, so that their scores do not compare.
-- asset: group_model_scores
-- severity: warn
-- blocking: false
with pooled as (
    select
        grouping,
        target,
        group_name,
        validation,
        model,
        metric,
        area_count
    from group_model_scores
    where area_set = 'common' and fold = 0 and value is not null
),

usual as (
    select
        grouping,
        mode(area_count) as usual_area_count
    from pooled
    group by grouping
)

select
    pooled.grouping,
    pooled.target,
    pooled.group_name,
    pooled.validation,
    pooled.model,
    pooled.metric,
    pooled.area_count,
    usual.usual_area_count
from pooled
inner join usual using (grouping)
where pooled.area_count <> usual.usual_area_count
order by
    pooled.grouping,
    pooled.target,
    pooled.group_name,
    pooled.validation,
    pooled.model,
    pooled.metric
