-- Areas for which the source of a target has no value; no model can learn from them.
-- asset: targets
-- severity: warn
-- blocking: false
select authority_code, area_code, target, reason
from targets
where value is null
order by target, area_code
