-- How much each picture is like each label of the study file, by the encoder's own words.
select
    authority_code,
    image_id,
    encoder,
    label,
    similarity,
    probability,
    is_best
from label_scores
