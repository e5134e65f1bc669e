-- Authorities where more than 2 % of the current images show the same as one of another panorama.
-- Images of different places are hardly ever that alike (0 of 42,778 pairs of street photos), so
-- that more than a few say that a provider gives one image under several ids.
-- asset: images
-- severity: warn
-- blocking: false
select
    authority_code,
    count(duplicate_of) as duplicate_count,
    count(perceptual_hash) as image_count,
    count(duplicate_of) / count(perceptual_hash) as duplicate_share,
    mode(duplicate_of) as most_repeated_image_id
from images
where is_current and status = 'ok'
group by authority_code
having count(duplicate_of) > 0.02 * count(perceptual_hash)
order by authority_code
