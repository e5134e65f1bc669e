-- How well vectors tell the pictures' own categories, each told by a model of other areas.
select
    encoder,
    measure,
    category,
    predicted_category,
    value,
    image_count,
    group_count,
    note
from category_scores
