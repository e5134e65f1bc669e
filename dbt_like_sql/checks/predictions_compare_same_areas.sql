-- Models and baselines that were scored on other areas than their rivals.
-- asset: predictions
-- severity: warn
-- blocking: false
with scored as (
    select
        target,
        validation,
        repeat,
        features,
        model,
        list(area_code order by area_code) as area_codes
    from predictions
    group by target, encoder, validation, repeat, features, model
)

select
    target,
    validation,
    repeat,
    features,
    model,
    len(area_codes) as area_count,
    len(mode(area_codes) over of_split) as usual_area_count
from scored
window of_split as (partition by target, validation, repeat)
qualify area_codes <> mode(area_codes) over of_split
order by target, validation, repeat, features, model
