-- Scores of the ordinal networks at points, and at areas by each rule.
select
    target,
    encoder,
    validation,
    share_added,
    group_name,
    unit,
    rule,
    metric,
    value,
    lower,
    upper,
    interval_level,
    unit_count,
    area_count,
    mlflow_run_id,
    note
from ordinal_scores
