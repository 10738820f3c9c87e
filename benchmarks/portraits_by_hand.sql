-- The same traits as one would write them by hand in DuckDB SQL: the rival of `aimwell portrait build`.
-- Views orders, order_lines, events, products stand for the lake's files; $as_of is put in by the benchmark.
CREATE OR REPLACE TABLE by_hand AS
WITH
o AS (
    SELECT *, local_at::DATE AS day, lag(local_at::DATE) OVER (PARTITION BY person_id ORDER BY local_at, order_id) AS prev
    FROM orders
    WHERE ordered_at < $as_of AND superseded_at IS NULL AND person_id IS NOT NULL AND NOT is_test AND status <> 'cancelled'
),
op AS (
    SELECT
        person_id,
        count(*) AS n_orders,
        min(ordered_at) AS first_ordered_at, max(ordered_at) AS last_ordered_at, min(day) AS first_on, max(day) AS last_on,
        count(*) FILTER (prev IS NULL OR day > prev) AS n_order_days,
        sum((day - prev) * (day - prev)) AS gap2,
        sum(n_lines) AS n_lines_ordered, sum(items_minor) AS spend, max(items_minor) AS max_order, sum(discount_minor) AS discount,
        count(*) FILTER (discount_minor > 0) AS n_disc, count(coupon_code) AS n_coupon, count(*) FILTER (shipping_minor = 0) AS n_free,
        count(*) FILTER (hour(local_at) < 6) AS h0, count(*) FILTER (hour(local_at) BETWEEN 6 AND 11) AS h1,
        count(*) FILTER (hour(local_at) BETWEEN 12 AND 17) AS h2, count(*) FILTER (hour(local_at) >= 18) AS h3,
        count(*) FILTER (isodow(local_at) = 1) AS d1, count(*) FILTER (isodow(local_at) = 2) AS d2,
        count(*) FILTER (isodow(local_at) = 3) AS d3, count(*) FILTER (isodow(local_at) = 4) AS d4,
        count(*) FILTER (isodow(local_at) = 5) AS d5, count(*) FILTER (isodow(local_at) = 6) AS d6,
        count(*) FILTER (isodow(local_at) = 7) AS d7,
        count(*) FILTER (quarter(local_at) = 1) AS q1, count(*) FILTER (quarter(local_at) = 2) AS q2,
        count(*) FILTER (quarter(local_at) = 3) AS q3, count(*) FILTER (quarter(local_at) = 4) AS q4,
        mode(channel) AS usual_channel, mode(device) AS usual_device, count(DISTINCT channel) AS n_channels,
        count(*) FILTER (ordered_at >= $as_of - INTERVAL 30 DAY) AS n30, count(*) FILTER (ordered_at >= $as_of - INTERVAL 90 DAY) AS n90,
        count(*) FILTER (ordered_at >= $as_of - INTERVAL 365 DAY) AS n365,
        sum(items_minor) FILTER (ordered_at >= $as_of - INTERVAL 30 DAY) AS s30,
        sum(items_minor) FILTER (ordered_at >= $as_of - INTERVAL 90 DAY) AS s90,
        sum(items_minor) FILTER (ordered_at >= $as_of - INTERVAL 365 DAY) AS s365,
        sum(items_minor) FILTER (ordered_at >= $as_of - INTERVAL 180 DAY AND ordered_at < $as_of - INTERVAL 90 DAY) AS s_before
    FROM o GROUP BY person_id
),
l AS (
    SELECT person_id, product_id, quantity, net_minor, discount_minor, cost_minor, category, brand
    FROM order_lines
    LEFT JOIN (SELECT product_id, array_to_string(str_split(category, ' > ')[1:2], ' > ') AS category, brand FROM products) USING (product_id)
    WHERE ordered_at < $as_of AND superseded_at IS NULL AND person_id IS NOT NULL AND NOT is_test AND NOT is_fee
      AND order_id NOT IN (SELECT order_id FROM orders WHERE status = 'cancelled' AND superseded_at IS NULL)
),
lp AS (
    SELECT
        person_id, count(*) AS n_lines, sum(quantity) AS pieces, sum(net_minor) AS net, count(*) FILTER (discount_minor > 0) AS n_dl,
        sum(net_minor) FILTER (cost_minor IS NOT NULL) AS costed, sum(cost_minor) AS cost,
        count(DISTINCT product_id) AS n_products, count(DISTINCT category) AS n_categories, count(DISTINCT brand) AS n_brands,
        mode(product_id) AS favourite_product
    FROM l GROUP BY person_id
),
cb AS (
    SELECT person_id, category, brand, count(*) AS n, sum(quantity) AS q, sum(net_minor) AS net FROM l GROUP BY ALL
),
c AS (
    SELECT person_id, category, sum(n) AS n, sum(q) AS q, sum(net) AS net, max(n) AS main_n FROM cb GROUP BY ALL
),
ct AS (SELECT category, sum(n) AS all_n, sum(q) AS all_q, sum(net) AS all_net FROM c GROUP BY ALL),
cg AS (SELECT sum(all_n) AS grand FROM ct),
cl AS (
    SELECT
        c.person_id, c.category, n, q, c.net, main_n, all_net / all_q * q AS expected,
        (n + 2) / (lp.n_lines * all_n / grand + 2) AS lift
    FROM c JOIN ct USING (category) CROSS JOIN cg JOIN lp USING (person_id)
),
cp AS (
    SELECT
        person_id, sum(main_n) AS main_n, sum(n * n) AS nn, sum(net) AS net, sum(expected) AS expected,
        max_by(category, lift, 3) FILTER (lift > 1) AS top_categories, max(lift, 3) FILTER (lift > 1) AS category_lifts
    FROM cl GROUP BY person_id
),
b AS (SELECT person_id, brand, sum(n) AS n FROM cb GROUP BY ALL),
bt AS (SELECT brand, sum(n) AS all_n FROM b GROUP BY ALL),
bl AS (
    SELECT b.person_id, brand, n, (n + 2) / (lp.n_lines * all_n / grand + 2) AS lift
    FROM b JOIN bt USING (brand) CROSS JOIN cg JOIN lp USING (person_id)
),
bp AS (
    SELECT person_id, sum(n * n) AS nn, max_by(brand, lift, 3) FILTER (lift > 1) AS top_brands, max(lift, 3) FILTER (lift > 1) AS brand_lifts
    FROM bl GROUP BY person_id
),
e AS (
    SELECT
        person_id, local_at::DATE AS day, count(*) AS n, count(*) FILTER (device IN ('mobile', 'tablet')) AS n_mobile,
        count(*) FILTER (name = 'Product Viewed') AS views, count(*) FILTER (name = 'Products Searched') AS searches,
        count(*) FILTER (name = 'Product Added') AS carts, count(*) FILTER (name = 'Checkout Started') AS checkouts,
        count(*) FILTER (name = 'Product Added to Wishlist') AS wishes, count(*) FILTER (name = 'Product Reviewed') AS reviews,
        count(*) FILTER (name = 'Product Shared') AS shares, count(*) FILTER (name = 'Email Opened') AS opens,
        count(*) FILTER (name = 'Email Link Clicked') AS clicks,
        max(occurred_at) AS last_at, max(occurred_at) FILTER (name = 'Product Viewed') AS view_at,
        max(occurred_at) FILTER (name = 'Products Searched') AS search_at, max(occurred_at) FILTER (name = 'Product Added') AS cart_at
    FROM events WHERE occurred_at < $as_of AND superseded_at IS NULL AND person_id IS NOT NULL GROUP BY ALL
),
ep AS (
    SELECT
        person_id, sum(n) AS n_events, sum(n_mobile) AS n_mobile, sum(views) AS n_views, sum(searches) AS n_searches, sum(carts) AS n_carts,
        sum(checkouts) AS n_checkouts, sum(wishes) AS n_wishes, sum(reviews) AS n_reviews, sum(shares) AS n_shares, sum(opens) AS n_mail_opens,
        sum(clicks) AS n_mail_clicks, max(last_at) AS last_at, max(view_at) AS view_at, max(search_at) AS search_at, max(cart_at) AS cart_at,
        count(*) AS n_visit_days, count(*) FILTER (views > 0) AS view_days, count(*) FILTER (views > 0 AND od.day IS NOT NULL) AS bought_days,
        count(*) FILTER (carts > 0) AS cart_days, count(*) FILTER (carts > 0 AND od.day IS NULL) AS abandoned
    FROM e LEFT JOIN (SELECT DISTINCT person_id, day FROM o) od USING (person_id, day) GROUP BY person_id
),
m AS (SELECT avg(s365) AS mean_spend FROM op WHERE n365 > 0),
t AS (
    SELECT
        coalesce(op.person_id, ep.person_id) AS person_id,
        date_diff('day', last_ordered_at, $as_of) AS days_since_last_order, date_diff('day', last_at, $as_of) AS days_since_last_visit,
        date_diff('day', view_at, $as_of) AS days_since_last_view, date_diff('day', search_at, $as_of) AS days_since_last_search,
        date_diff('day', cart_at, $as_of) AS days_since_last_cart, last_ordered_at,
        coalesce(n_orders, 0) AS n_orders, coalesce(n30, 0) AS n_orders_30d, coalesce(n90, 0) AS n_orders_90d, coalesce(n365, 0) AS n_orders_365d,
        coalesce(n_order_days, 0) AS n_order_days, n_orders * 30 / greatest(date_diff('day', first_ordered_at, $as_of), 30) AS orders_per_month,
        coalesce(spend, 0) AS spend_minor, coalesce(s30, 0) AS spend_30d_minor, coalesce(s90, 0) AS spend_90d_minor,
        coalesce(s365, 0) AS spend_365d_minor, coalesce(max_order, 0) AS max_order_minor, spend / n_orders AS mean_order_minor,
        coalesce(s90, 0) / nullif(s_before, 0) AS spend_trend_ratio, (costed - cost) / nullif(costed, 0) AS margin_rate, first_ordered_at,
        date_diff('day', first_ordered_at, $as_of) AS days_since_first_order, last_on - first_on AS buying_span_days,
        NULL::BIGINT AS days_since_joined, NULL::VARCHAR AS region,
        (last_on - first_on) / nullif(n_order_days - 1, 0) AS mean_gap_days,
        sqrt(((n_order_days - 1) * gap2 - (last_on - first_on) ** 2) / nullif((n_order_days - 1) * (n_order_days - 2), 0)) AS sd_gap_days,
        n_lines_ordered / n_orders AS lines_per_order, pieces / n_orders AS pieces_per_order, coalesce(n_products, 0) AS n_products,
        coalesce(n_categories, 0) AS n_categories, coalesce(n_brands, 0) AS n_brands, n_products / n_lines AS novelty_rate,
        discount / nullif(spend + discount, 0) AS discount_rate, n_disc / n_orders AS discounted_order_rate, n_dl / n_lines AS discounted_line_rate,
        n_coupon / n_orders AS coupon_rate, n_free / n_orders AS free_shipping_rate, cp.net / nullif(cp.expected, 0) AS price_level_ratio,
        top_categories[1] AS top_category, category_lifts[1] AS top_category_lift, top_categories, category_lifts, top_brands[1] AS top_brand,
        brand_lifts[1] AS top_brand_lift, top_brands, brand_lifts, favourite_product, cp.main_n / n_lines AS main_brand_rate,
        (n_lines - cp.main_n) / n_lines AS brand_switch_rate, cp.nn / (n_lines * n_lines) AS category_concentration_rate,
        bp.nn / (n_lines * n_lines) AS brand_concentration_rate, (n_lines - n_products) / n_lines AS repeat_product_rate,
        CASE greatest(h0, h1, h2, h3) WHEN h0 THEN 'night' WHEN h1 THEN 'morning' WHEN h2 THEN 'afternoon' WHEN h3 THEN 'evening' END AS usual_daypart,
        CASE greatest(d1, d2, d3, d4, d5, d6, d7) WHEN d1 THEN 'monday' WHEN d2 THEN 'tuesday' WHEN d3 THEN 'wednesday' WHEN d4 THEN 'thursday'
            WHEN d5 THEN 'friday' WHEN d6 THEN 'saturday' WHEN d7 THEN 'sunday' END AS usual_weekday,
        CASE greatest(q1, q2, q3, q4) WHEN q1 THEN 'quarter_1' WHEN q2 THEN 'quarter_2' WHEN q3 THEN 'quarter_3' WHEN q4 THEN 'quarter_4' END AS usual_quarter,
        (d6 + d7) / n_orders AS weekend_rate, h0 / n_orders AS night_rate, usual_channel, usual_device, coalesce(n_channels, 0) AS n_channels,
        n_mobile / n_events AS mobile_rate, n_views, n_searches, n_carts, n_checkouts, n_wishes, n_reviews, n_shares, n_visit_days,
        abandoned AS n_abandoned_cart_days, abandoned / nullif(cart_days, 0) AS abandoned_cart_rate,
        bought_days / nullif(view_days, 0) AS view_to_buy_rate, n_views / n_visit_days AS views_per_visit_day,
        0 AS n_refunds, 0 AS refunded_minor, 0.0 AS refund_rate, NULL AS days_since_last_refund,
        0 AS n_cases, 0 AS n_open_cases, 0.0 AS cases_per_order, NULL AS days_since_last_case,
        0 AS n_contacts, 0 AS n_contacts_30d, NULL AS days_since_last_contact, n_mail_opens, n_mail_clicks,
        n_mail_clicks / nullif(n_mail_opens, 0) AS mail_click_ratio, mean_spend
    FROM op FULL JOIN ep ON op.person_id = ep.person_id
    LEFT JOIN lp ON lp.person_id = op.person_id LEFT JOIN cp ON cp.person_id = op.person_id LEFT JOIN bp ON bp.person_id = op.person_id
    CROSS JOIN m
),
s AS (
    SELECT
        *, sd_gap_days / nullif(mean_gap_days, 0) AS gap_variation_ratio, days_since_last_order / nullif(mean_gap_days, 0) AS overdue_ratio,
        last_ordered_at::DATE + round(mean_gap_days)::INT AS next_expected_on,
        CASE WHEN price_level_ratio < 0.85 THEN 'budget' WHEN price_level_ratio >= 1.15 THEN 'premium' WHEN price_level_ratio IS NOT NULL THEN 'middle' END AS price_tier,
        CASE WHEN days_since_last_order IS NULL THEN NULL WHEN days_since_last_order <= 30 THEN 5 WHEN days_since_last_order <= 60 THEN 4
            WHEN days_since_last_order <= 120 THEN 3 WHEN days_since_last_order <= 240 THEN 2 ELSE 1 END AS recency_score,
        CASE WHEN days_since_last_order IS NULL THEN NULL WHEN n_orders_365d >= 10 THEN 5 WHEN n_orders_365d >= 5 THEN 4
            WHEN n_orders_365d >= 3 THEN 3 WHEN n_orders_365d = 2 THEN 2 ELSE 1 END AS frequency_score,
        CASE WHEN days_since_last_order IS NULL THEN NULL WHEN spend_365d_minor >= 4 * mean_spend THEN 5 WHEN spend_365d_minor >= 2 * mean_spend THEN 4
            WHEN spend_365d_minor >= mean_spend THEN 3 WHEN spend_365d_minor >= mean_spend / 2 THEN 2 ELSE 1 END AS money_score,
        CASE WHEN spend_365d_minor = 0 THEN 'none' WHEN spend_365d_minor >= 4 * mean_spend THEN 'top' WHEN spend_365d_minor >= 2 * mean_spend THEN 'high'
            WHEN spend_365d_minor >= mean_spend / 2 THEN 'middle' ELSE 'low' END AS value_tier,
        CASE WHEN n_orders_365d >= 2 OR n_orders_365d = 1 AND n_reviews + n_shares > 0 THEN 'loyalty' WHEN n_orders_365d >= 1 THEN 'purchase'
            WHEN days_since_last_cart <= 30 OR days_since_last_search <= 30 OR days_since_last_view <= 15 THEN 'interest' ELSE 'aware' END AS aipl_stage,
        CASE WHEN n_orders_365d >= 2 OR n_orders_365d = 1 AND n_reviews + n_shares > 0 THEN 'advocate'
            WHEN n_orders_365d >= 1 OR days_since_last_cart <= 30 THEN 'act'
            WHEN days_since_last_search <= 30 OR days_since_last_view <= 15 THEN 'appeal' ELSE 'aware' END AS jd_4a_stage
    FROM t
)
SELECT
    *,
    CASE WHEN recency_score IS NULL THEN 'prospect' WHEN recency_score >= 4 AND frequency_score >= 4 THEN 'champion'
        WHEN recency_score = 3 AND frequency_score >= 4 THEN 'loyal' WHEN recency_score >= 4 AND days_since_first_order <= 60 THEN 'new'
        WHEN recency_score >= 4 THEN 'promising' WHEN recency_score = 3 THEN 'needs_attention'
        WHEN frequency_score >= 3 AND money_score >= 4 THEN 'cannot_lose' WHEN recency_score = 2 AND frequency_score >= 3 THEN 'at_risk'
        WHEN recency_score = 2 THEN 'fading' ELSE 'lost' END AS rfm_segment
FROM s;
