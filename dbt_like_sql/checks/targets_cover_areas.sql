-- Targets of areas that do not exist, and areas without a row of a target that others have.
-- asset: targets
-- severity: error
-- blocking: true
with expected as (
    select area_code, target
    from areas
    cross join (select distinct target from targets)
)

select area_code, target, 'no such area' as fault
from targets
anti join areas using (area_code)
union all
select area_code, target, 'no row of this target' as fault
from expected
anti join targets using (area_code, target)
order by area_code, target
