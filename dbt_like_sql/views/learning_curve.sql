-- Scores by the number of areas learned from, on the same held-out areas.
select
    target,
    encoder,
    features,
    model,
    validation,
    train_count,
    repeat,
    metric,
    value,
    area_count,
    note
from learning_curve
