-- What the provider has near each point, with a capture date.
select
    authority_code,
    point_id,
    provider,
    panorama_id,
    captured_on,
    status,
    longitude,
    latitude,
    distance_m,
    copyright,
    first_seen_at,
    last_seen_at,
    is_current,
    error,
    is_panoramic,
    heading_deg,
    is_third_party,
    creator,
    licence
from panoramas
