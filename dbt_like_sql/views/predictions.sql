-- Out-of-fold predictions of every model of the whole study.
select
    area_code,
    target,
    encoder,
    features,
    model,
    validation,
    repeat,
    fold,
    observed,
    predicted,
    lower,
    upper,
    interval_level,
    residual
from predictions
