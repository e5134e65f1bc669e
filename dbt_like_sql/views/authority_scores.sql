-- Scores of models trained and spatially validated on this authority alone.
select
    authority_code,
    target,
    encoder,
    features,
    model,
    group_name,
    validation,
    repeat,
    fold,
    metric,
    value,
    lower,
    upper,
    interval_level,
    area_count,
    mlflow_run_id,
    note
from authority_scores
