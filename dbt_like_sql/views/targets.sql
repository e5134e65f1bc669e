-- One row per area and target, with the value to be predicted.
select
    authority_code,
    area_code,
    target,
    value,
    more_is
from targets
