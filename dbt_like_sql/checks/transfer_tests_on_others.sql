-- Pairs of authorities in which an area is both learned from and tested on: with a share added to
-- the training part, the two have to come to as many areas as with another share.
-- asset: transfer_scores
-- severity: warn
-- blocking: false
select
    target,
    features,
    train_authority,
    test_authority,
    share_added,
    repeat,
    train_count + area_count as area_count_of_both,
    mode(area_count_of_both) over (
        partition by target, features, train_authority, test_authority
    ) as usual_area_count
from transfer_scores
where train_authority <> test_authority and model = 'ridge' and metric = 'r2'
qualify area_count_of_both <> usual_area_count
order by target, features, train_authority, test_authority, share_added, repeat
