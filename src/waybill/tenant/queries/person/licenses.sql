SELECT sku, name, state, assigned_at FROM license WHERE principal = (SELECT id FROM me) ORDER BY name, sku, assigned_at NULLS FIRST, state;
