-- The area each image counts for: the one it stands in, or the one it looks at.
select
    images.authority_code,
    images.image_id,
    images.is_current,
    images.status,
    case
        when study.counts_for = 'looks_at' then image_areas.looks_at_code
        else images.area_code
    end as area_code
from images
cross join study
left join image_areas using (authority_code, image_id)
