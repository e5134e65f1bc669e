-- Pictures whose pixels were deleted once everything that needs them had run.
select
    authority_code,
    image_id,
    deleted_at,
    thumbnail_path
from picture_retention
