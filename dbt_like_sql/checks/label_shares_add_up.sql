-- Areas whose shares of labels, or mean probabilities, do not add up to 1.
-- asset: label_shares
-- severity: error
-- blocking: true
select
    area_code,
    encoder,
    sum(share) as share_total,
    sum(mean_probability) as probability_total
from label_shares
group by area_code, encoder
having
    not (abs(sum(share) - 1) <= 0.000001)
    or not (abs(sum(mean_probability) - 1) <= 0.000001)
order by area_code
