-- Authorities where panoramas that somebody uploaded stand among the provider's own.
-- Uploads come from other cameras, other heights, and from indoors, so that places differ by who
-- took their images. One in twenty is borne; where all are uploads, none stands out.
-- asset: panoramas
-- severity: warn
-- blocking: false
with found as (
    select distinct authority_code, provider, panorama_id, captured_on, is_third_party
    from panoramas
    where is_current and status = 'ok' and is_third_party is not null
)

select
    authority_code,
    count(*) filter (where is_third_party) as third_party_count,
    count(*) as panorama_count,
    count(*) filter (where is_third_party) / count(*) as third_party_share,
    min(panorama_id) filter (where is_third_party) as first_panorama_id
from found
group by authority_code
having
    count(*) filter (where is_third_party) > 0.05 * count(*)
    and count(*) filter (where is_third_party) < count(*)
order by authority_code
