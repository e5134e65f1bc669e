-- Pictures that are there without a file, and failures without an error.
-- asset: images
-- severity: error
-- blocking: false
select image_id, status, path, sha256, error
from images
where
    (status = 'ok' and (path is null or sha256 is null or error is not null))
    or (status = 'failed' and error is null)
order by image_id
