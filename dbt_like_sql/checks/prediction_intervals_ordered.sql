-- Prediction intervals whose lower end lies above the upper, or that have one end only.
-- asset: predictions
-- severity: error
-- blocking: false
select area_code, target, model, validation, lower, upper, interval_level
from predictions
where
    lower > upper
    or (lower is null) <> (upper is null)
    or (lower is not null and not (interval_level > 0 and interval_level < 1))
order by area_code, model, validation
