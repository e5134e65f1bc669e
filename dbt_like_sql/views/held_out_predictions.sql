-- Predictions for this authority of models that saw only the others.
select
    authority_code,
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
from held_out_predictions
