-- Areas predicted more than once in a repeat, or outside any fold.
-- asset: predictions
-- severity: error
-- blocking: true
select
    area_code,
    target,
    encoder,
    features,
    model,
    validation,
    repeat,
    count(*) as prediction_count,
    min(fold) as lowest_fold
from predictions
group by area_code, target, encoder, features, model, validation, repeat
having count(*) > 1 or min(fold) < 1
order by area_code, model, validation, repeat
