-- Images of panoramas that were never found.
-- asset: images
-- severity: error
-- blocking: true
select image_id, provider, panorama_id, captured_on
from images
anti join panoramas using (provider, panorama_id, captured_on)
order by image_id
