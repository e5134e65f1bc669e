-- One row per area and target, with the value to be predicted.
select
    authority_code,
    area_code,
    target,
    value,
    more_is,
    source,
    part_count,
    part_without_value_count,
    reason
from targets
