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
),

commonest as (
    select target, validation, repeat, mode(area_codes) as area_codes
    from scored
    group by target, validation, repeat
)

select
    scored.target,
    scored.validation,
    scored.repeat,
    scored.features,
    scored.model,
    len(scored.area_codes) as area_count,
    len(commonest.area_codes) as usual_area_count
from scored
inner join commonest using (target, validation, repeat)
where scored.area_codes <> commonest.area_codes
order by scored.target, scored.validation, scored.repeat, scored.features, scored.model
