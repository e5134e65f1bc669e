-- Images that are near-duplicates of another, and whether both are of one address or building.
-- authority_code: the authority of its point
-- image_id: the image
-- source_path: its file, where it is one's own
-- category: kind of scene, where it came with one
-- duplicate_of: image_id of the image that it repeats
-- original_path: file of that one
-- original_category: kind of scene of that one
-- parent: address or building that the image is of; null where the study names no such column
-- original_parent: address or building of the other
-- is_same_parent: whether both are of the same; null where that of one is not known
with files as (
    select source_path, min(parent) as parent
    from image_files
    group by source_path
)

select
    images.authority_code,
    images.image_id,
    images.source_path,
    images.category,
    images.duplicate_of,
    originals.source_path as original_path,
    originals.category as original_category,
    files.parent,
    original_files.parent as original_parent,
    files.parent = original_files.parent as is_same_parent
from images
inner join images as originals
    on
        images.authority_code = originals.authority_code
        and images.duplicate_of = originals.image_id
left join files on images.source_path = files.source_path
left join files as original_files on originals.source_path = original_files.source_path
