-- Out-of-fold predictions whose observed value is not the target's, or whose residual is wrong.
-- asset: predictions
-- severity: error
-- blocking: true
select
    predictions.area_code,
    predictions.target,
    predictions.model,
    predictions.validation,
    predictions.observed,
    targets.value,
    predictions.residual
from predictions
left join targets
    on targets.area_code = predictions.area_code and targets.target = predictions.target
where
    targets.value is distinct from predictions.observed
    or not (
        abs(predictions.observed - predictions.predicted - predictions.residual)
        <= 0.000001 * greatest(1, abs(predictions.observed))
    )
order by predictions.area_code, predictions.model
