-- Current pictures that do not show the street, by the rule of the study file.
select
    authority_code,
    image_id,
    encoder,
    reason,
    probability,
    is_dropped
from pictures_set_aside
