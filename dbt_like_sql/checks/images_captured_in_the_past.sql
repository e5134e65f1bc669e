-- Images that are said to be captured after they were fetched.
-- asset: images
-- severity: warn
-- blocking: false
select image_id, captured_on, fetched_at
from images
where captured_on > fetched_at::date
order by image_id
