-- Train on one authority, test on another, with some of its areas added or none.
select
    target,
    encoder,
    features,
    model,
    train_authority,
    test_authority,
    share_added,
    repeat,
    metric,
    value,
    train_count,
    area_count,
    note
from transfer_scores
