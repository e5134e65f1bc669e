-- Areas of which points were held out in several folds of a validation, or that have no fold.
-- asset: ordinal_outputs
-- severity: error
-- blocking: true
select
    area_code,
    target,
    encoder,
    validation,
    share_added,
    count(distinct fold) as fold_count,
    min(fold) as lowest_fold
from ordinal_outputs
group by area_code, target, encoder, validation, share_added
having count(distinct fold) > 1 or min(fold) < 1
order by area_code, validation, share_added
