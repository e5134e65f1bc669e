-- Areas without a row of the final fit, and rows with neither a prediction nor a reason.
-- asset: area_predictions
-- severity: error
-- blocking: false
with wanted as (
    select areas.area_code, study.target
    from areas
    cross join study
    where study.target is not null
)

select area_code, target, 'no row' as fault
from wanted
anti join area_predictions using (area_code, target)
union all
select area_code, target, 'neither a prediction nor a reason' as fault
from area_predictions
where predicted is null and reason is null
union all
select area_code, target, 'no such area' as fault
from area_predictions
anti join areas using (area_code)
order by area_code
