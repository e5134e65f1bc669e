-- Authorities where more than 5 % of the current images are blurred.
-- Blurred is a variance of the Laplacian below 100 at 224 px or less: the least sharp of 325 street
-- photos, most of 320 px, has 689; blurred by a Gaussian of 1.5 px one in sixty falls below 100, of
-- 2 px three in four.
-- asset: images
-- severity: warn
-- blocking: false
select
    authority_code,
    count(*) filter (where sharpness < 100) as blurred_count,
    count(sharpness) as image_count,
    count(*) filter (where sharpness < 100) / count(sharpness) as blurred_share,
    arg_min(image_id, sharpness) as least_sharp_image_id
from images
where is_current and status = 'ok'
group by authority_code
having count(*) filter (where sharpness < 100) > 0.05 * count(sharpness)
order by authority_code
