-- Years of capture whose images look, on average, unlike those of all other years: another
-- camera, another way of compressing, or other places. Years with fewer than 100 images are left out.
-- asset: image_embeddings
-- severity: warn
-- blocking: false
with dated as (
    select
        image_embeddings.authority_code,
        year(images.captured_on) as year_captured,
        image_embeddings.embedding
    from image_embeddings
    inner join images using (image_id)
    where image_embeddings.status = 'ok' and images.captured_on > date '0001-01-01'
),

components as (
    select
        authority_code,
        year_captured,
        unnest(embedding) as value,
        generate_subscripts(embedding, 1) as dimension
    from dated
),

sums as (
    select
        authority_code,
        year_captured,
        dimension,
        sum(value::double) as total,
        count(*) as image_count
    from components
    group by authority_code, year_captured, dimension
),

beside_others as (
    select
        *,
        sum(total) over in_all_years - total as total_of_others,
        sum(image_count) over in_all_years - image_count as image_count_of_others
    from sums
    window in_all_years as (partition by authority_code, dimension)
)

select
    authority_code,
    year_captured,
    min(image_count) as image_count,
    sum(total * total_of_others)
    / sqrt(sum(total * total) * sum(total_of_others * total_of_others)) as cosine_to_others
from beside_others
where image_count >= 100 and image_count_of_others >= 100
group by authority_code, year_captured
having not (
    sum(total * total_of_others)
    / sqrt(sum(total * total) * sum(total_of_others * total_of_others)) >= 0.8
)
order by authority_code, year_captured
