-- What each cluster, and each label, is: one row per measure.
select
    encoder,
    method,
    space,
    k,
    group_name,
    measure,
    subject,
    value,
    lower,
    upper,
    interval_level,
    p_value,
    unit_count,
    note
from cluster_profile
