-- The images that are looked at and not excluded, or panoramas by one of theirs, that have a vector.
select authority_code, image_id, 1 as image_count
from image_embeddings
cross join study
anti join (select image_id from image_exclusions where is_dropped) using (image_id)
where study.views = 'separate' and status = 'ok'
union all
select authority_code, image_id, panorama_embeddings.image_count
from panorama_embeddings
cross join study
anti join (select image_id from image_exclusions where is_dropped) using (image_id)
where study.views <> 'separate' and status = 'ok'
