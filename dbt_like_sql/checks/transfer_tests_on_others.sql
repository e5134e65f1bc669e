-- Pairs of authorities in which an area is both learned from and tested on: with a share added to
-- the training part, the two have to come to as many areas as with another share.
-- asset: transfer_scores
-- severity: warn
-- blocking: false
with pairs as (
    select
        target,
        features,
        train_authority,
        test_authority,
        share_added,
        repeat,
        train_count + area_count as area_count
    from transfer_scores
    where train_authority <> test_authority and model = 'ridge' and metric = 'r2'
),

usual as (
    select
        target,
        features,
        train_authority,
        test_authority,
        mode(area_count) as usual_area_count
    from pairs
    group by target, features, train_authority, test_authority
)

select
    pairs.target,
    pairs.features,
    pairs.train_authority,
    pairs.test_authority,
    pairs.share_added,
    pairs.repeat,
    pairs.area_count,
    usual.usual_area_count
from pairs
inner join usual using (target, features, train_authority, test_authority)
where pairs.area_count <> usual.usual_area_count
order by
    pairs.target,
    pairs.features,
    pairs.train_authority,
    pairs.test_authority,
    pairs.share_added,
    pairs.repeat
