-- Images without a row of vectors, and vectors of images that are not there.
-- asset: image_embeddings
-- severity: error
-- blocking: true
select image_id, 'image without a row' as fault
from (select image_id from images where status = 'ok')
anti join image_embeddings using (image_id)
union all
select image_id, 'row without an image' as fault
from image_embeddings
anti join (select image_id from images where status = 'ok') using (image_id)
order by image_id
