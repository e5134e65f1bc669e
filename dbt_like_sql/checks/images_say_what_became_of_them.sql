-- Images that are there without a file, and failures without an error. A store of vectors from
-- which the images were taken out (provider hdf5) has none to give.
-- asset: images
-- severity: error
-- blocking: false
select image_id, status, path, sha256, error
from images
where
    (status = 'ok' and error is not null)
    or (status = 'ok' and (path is null or sha256 is null) and provider <> 'hdf5')
    or (status = 'failed' and error is null)
order by image_id
