-- Scores of ridge, the mean and the coordinates on every target, on their common areas.
select
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
from target_scores
