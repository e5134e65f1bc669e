-- Authorities where more than 5 % of the current images are too dark to show a street.
-- Dark is a mean luma below 0.2: the darkest of 325 daylight photos has 0.27, and no encoder was
-- made for images taken at night. One in twenty is left to tunnels and to dusk.
-- asset: images
-- severity: warn
-- blocking: false
select
    authority_code,
    count(*) filter (where brightness < 0.2) as dark_count,
    count(brightness) as image_count,
    count(*) filter (where brightness < 0.2) / count(brightness) as dark_share,
    arg_min(image_id, brightness) as darkest_image_id
from images
where is_current and status = 'ok'
group by authority_code
having count(*) filter (where brightness < 0.2) > 0.05 * count(brightness)
order by authority_code
