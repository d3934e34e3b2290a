-- Nobody looks for a payment by its own id: lists go by the order's, which is a UUIDv7 too. Every step of a payment wrote an entry here.
alter table payments drop constraint payments_id_key;
