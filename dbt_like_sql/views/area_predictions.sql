-- The final fit for every area, in sample: never a headline.
select
    area_code,
    target,
    model,
    features,
    encoder,
    predicted,
    lower,
    upper,
    interval_level,
    reason
from area_predictions
