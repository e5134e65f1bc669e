-- Authorities where more than 5 % of the current pictures are blurred.
-- Blurred is a variance of the Laplacian below 50 at about 224 px: the least sharp of 325 street
-- photos of 320 px has 577; blurred by a Gaussian of 1 px one in twenty falls below 50, of 1.5 px
-- nine in ten.
-- asset: images
-- severity: warn
-- blocking: false
select
    authority_code,
    count(*) filter (where sharpness < 50) as blurred_count,
    count(sharpness) as image_count,
    count(*) filter (where sharpness < 50) / count(sharpness) as blurred_share,
    arg_min(image_id, sharpness) as least_sharp_image_id
from images
where is_current and status = 'ok'
group by authority_code
having count(*) filter (where sharpness < 50) > 0.05 * count(sharpness)
order by authority_code
