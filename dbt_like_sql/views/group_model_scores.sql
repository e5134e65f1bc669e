-- Scores of ridge on the pictures of one group alone, beside all of the same areas.
select
    grouping,
    area_set,
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
    note,
    image_count
from group_model_scores
