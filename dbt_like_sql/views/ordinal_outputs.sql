-- What the ordinal networks say of each point, by networks that did not learn from it.
select
    point_id,
    area_code,
    target,
    encoder,
    fold,
    validation,
    continuous,
    decile,
    observed,
    share_added
from ordinal_outputs
