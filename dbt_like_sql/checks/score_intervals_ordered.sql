-- Scores that lie outside their own bootstrap interval, or whose interval is the wrong way round.
-- asset: model_scores
-- severity: warn
-- blocking: false
select target, features, model, validation, fold, metric, value, lower, upper
from model_scores
where
    lower > upper
    -- The mean's R² is about 0, and every resample can only lower it.
    or (model <> 'mean' and value not between lower and upper)
order by target, features, model, validation, fold, metric
