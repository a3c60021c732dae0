SELECT p.entra_id, p.upn, p.name, p.home_tenant, p.email, p.user_type, p.external, status_word(p.status), p.login,
  f.given_name, f.surname, f.job_title, f.department, f.company, f.office, f.city, f.country, f.usage_location, f.language,
  f.employee_id, f.mobile_phone, f.business_phone, f.account_enabled, f.password_changed_at, p.created_at, p.last_sign_in
FROM principal p LEFT JOIN profile f ON f.principal = p.id WHERE p.id = (SELECT id FROM me);
