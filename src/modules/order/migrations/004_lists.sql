-- A customer's orders of one status: by either of the other indexes, a large customer's page reads all that it has, or all that there are
-- of a rare status. A step rewrites its order's entries in every index anyway (deadline_at is in one).
create index orders_of_customer_by_status on orders (customer_id, status, id desc);
