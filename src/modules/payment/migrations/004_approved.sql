-- A check that comes to null holds: with `or approved` alone, money could be kept whose authorization nobody knew about.
alter table payments drop constraint payments_check3,
  add constraint payments_money_is_approved check (state not in ('authorized', 'capturing', 'captured') or approved is true);
