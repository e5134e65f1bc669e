-- Scores of every model and baseline under each validation of the whole study.
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
from model_scores
