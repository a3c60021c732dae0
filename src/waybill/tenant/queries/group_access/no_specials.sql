-- What shared/specials makes, when no special group is asked for.
CREATE OR REPLACE TEMP TABLE special_rule_text (kind VARCHAR, rule VARCHAR, people BIGINT, external_people BIGINT);
