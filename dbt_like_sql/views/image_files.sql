-- One row per file of one's own images: taken, or left out and why.
select
    source_path,
    status,
    reason,
    longitude,
    latitude,
    captured_at,
    heading_deg,
    category,
    copyright,
    point_id,
    area_code
from image_files
