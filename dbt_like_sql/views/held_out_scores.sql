-- Scores on this authority of models that saw only the others.
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
from held_out_scores
