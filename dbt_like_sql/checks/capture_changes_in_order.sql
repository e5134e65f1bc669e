-- Changes that run backwards, lie outside of -1 to 1, have a cluster at one end alone, or are of a
-- image that is not there.
-- asset: capture_changes
-- severity: error
-- blocking: true
select
    capture_changes.to_image_id,
    capture_changes.from_image_id,
    capture_changes.from_on,
    capture_changes.to_on,
    capture_changes.cosine,
    capture_changes.from_cluster,
    capture_changes.to_cluster
from capture_changes
left join images as earlier
    on earlier.image_id = capture_changes.from_image_id
    and earlier.authority_code = capture_changes.authority_code
    and earlier.status = 'ok'
left join images as newer
    on newer.image_id = capture_changes.to_image_id
    and newer.authority_code = capture_changes.authority_code
    and newer.status = 'ok'
where
    capture_changes.from_on >= capture_changes.to_on
    or not (capture_changes.cosine between -1 and 1)
    or (capture_changes.from_cluster is null) != (capture_changes.to_cluster is null)
    or earlier.image_id is null
    or newer.image_id is null
order by capture_changes.to_image_id
