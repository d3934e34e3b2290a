export interface paths {
    "/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Compare what all modules say of every order and of all units
         * @description Where all modules run in one process; otherwise it is a command. One at a time.
         */
        get: operations["audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List deliveries, newest first */
        get: operations["listDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/deliveries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A delivery with its attempts */
        get: operations["findDelivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/deliveries/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Deliver once more */
        post: operations["replayDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/facts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * order: what it states about itself, on one snapshot
         * @description For the audit of three processes: a fact a line, those about no order first, `end` at the end.
         */
        get: operations["readOrderFacts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/failures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** order: messages that could not be handled, grouped by error */
        get: operations["listOrderFailures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/failures/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * order: give failed messages up
         * @description Up to 10,000, the oldest first. Who did it, and why, is written to the log.
         */
        post: operations["discardOrderFailures"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/failures/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * order: try failed messages again
         * @description Up to 10,000, the oldest first. Who did it, and why, is written to the log.
         */
        post: operations["redriveOrderFailures"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/failures/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** order: a message that could not be handled, whole */
        get: operations["findOrderFailure"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/notices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What is said of every outcome
         * @description Also where nobody listens: what would be said. Addresses are masked.
         */
        get: operations["listNotices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/orders/{id}/deadline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Do not wait any longer for the answer to an order’s command
         * @description The command is sent again at once, or the saga turns back if that was the last attempt.
         */
        post: operations["expireDeadline"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/outbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** order: what waits to be sent, by type */
        get: operations["listOrderOutbox"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List endpoints, newest first */
        get: operations["listWebhooks"];
        put?: never;
        /**
         * Register an endpoint that is told of every outcome
         * @description Addresses that are not on the public internet are refused, unless `WEBHOOK_NETWORKS` names theirs.
         */
        post: operations["registerWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An endpoint */
        get: operations["findWebhook"];
        put?: never;
        post?: never;
        /**
         * Delete an endpoint
         * @description What is on its way to it is not sent any more.
         */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/webhooks/{id}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tell an endpoint again that has said that it wants no more */
        post: operations["enableWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/webhooks/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tell an endpoint what it has missed
         * @description Of orders placed from `since` to before `until`, up to 1,000 at a time.
         */
        post: operations["replayWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/order/webhooks/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace an endpoint’s secret
         * @description The old one signs for another day.
         */
        post: operations["rotateWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/payment/facts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * payment: what it states about itself, on one snapshot
         * @description For the audit of three processes: a fact a line, those about no order first, `end` at the end.
         */
        get: operations["readPaymentFacts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/payment/failures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** payment: messages that could not be handled, grouped by error */
        get: operations["listPaymentFailures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/payment/failures/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * payment: give failed messages up
         * @description Up to 10,000, the oldest first. Who did it, and why, is written to the log.
         */
        post: operations["discardPaymentFailures"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/payment/failures/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * payment: try failed messages again
         * @description Up to 10,000, the oldest first. Who did it, and why, is written to the log.
         */
        post: operations["redrivePaymentFailures"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/payment/failures/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** payment: a message that could not be handled, whole */
        get: operations["findPaymentFailure"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/payment/outbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** payment: what waits to be sent, by type */
        get: operations["listPaymentOutbox"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/stock/facts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * stock: what it states about itself, on one snapshot
         * @description For the audit of three processes: a fact a line, those about no order first, `end` at the end.
         */
        get: operations["readStockFacts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/stock/failures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** stock: messages that could not be handled, grouped by error */
        get: operations["listStockFailures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/stock/failures/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * stock: give failed messages up
         * @description Up to 10,000, the oldest first. Who did it, and why, is written to the log.
         */
        post: operations["discardStockFailures"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/stock/failures/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * stock: try failed messages again
         * @description Up to 10,000, the oldest first. Who did it, and why, is written to the log.
         */
        post: operations["redriveStockFailures"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/stock/failures/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** stock: a message that could not be handled, whole */
        get: operations["findStockFailure"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/stock/outbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** stock: what waits to be sent, by type */
        get: operations["listStockOutbox"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/asyncapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The messages between the modules */
        get: operations["asyncApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document as a page to read and to try */
        get: operations["docs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What that page is made of */
        get: operations["docsFile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process lives */
        get: operations["livez"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everything counted, for Prometheus */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document */
        get: operations["openApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List orders, newest first
         * @description Without `customerId` a customer gets its own, an administrator everybody’s.
         */
        get: operations["listOrders"];
        put?: never;
        /**
         * Place an order
         * @description Answered when it is stored, usually while it is pending. Where a token is asked for, `customerId` must be its `sub`, unless it is an administrator’s.
         */
        post: operations["placeOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All orders of a customer, now and after every step
         * @description Nothing is missed of the newest 100 orders. It ends after an hour, or at a stop: come again.
         */
        get: operations["followCustomer"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An order as it is now */
        get: operations["findOrder"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel an order
         * @description Also one that is cancelled already; not one that is confirmed or rejected.
         */
        post: operations["cancelOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An order now and after every step, until its saga ends */
        get: operations["followOrder"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{id}/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every step of an order and every message that travelled for it */
        get: operations["findTimeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List payments, newest first */
        get: operations["listPayments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/problems": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every kind of error */
        get: operations["listProblems"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/problems/{code}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A kind of error: where the `type` of a problem leads */
        get: operations["findProblem"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/products": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List products, by sku */
        get: operations["listProducts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/products/{sku}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A product and how much of it there is */
        get: operations["findProduct"];
        /**
         * Make a product, or change its name and price
         * @description Orders that are placed keep their price.
         */
        put: operations["putProduct"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/products/{sku}/receipts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Goods in */
        post: operations["receiveGoods"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the process can serve
         * @description It has started, and its databases answer. A missing broker does not count.
         */
        get: operations["readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Delivery: {
            /**
             * Format: uuid
             * @description Also the `webhook-id`.
             */
            id: string;
            /** Format: uuid */
            orderId: string;
            /** @enum {string} */
            channel: "webhook" | "email";
            /** @description Null: a mail. */
            endpointId: string | null;
            /** @enum {string} */
            state: "pending" | "delivered" | "failed";
            attempts: number;
            nextAttemptAt: string | null;
            endedAt: string | null;
            error: string | null;
        };
        DeliveryWithHistory: {
            /**
             * Format: uuid
             * @description Also the `webhook-id`.
             */
            id: string;
            /** Format: uuid */
            orderId: string;
            /** @enum {string} */
            channel: "webhook" | "email";
            /** @description Null: a mail. */
            endpointId: string | null;
            /** @enum {string} */
            state: "pending" | "delivered" | "failed";
            attempts: number;
            nextAttemptAt: string | null;
            endedAt: string | null;
            error: string | null;
            history: {
                number: number;
                /** Format: date-time */
                at: string;
                /** @description Null: it is in hand, or was lost in a crash. */
                outcome: ("delivered" | "failed") | null;
                error: string | null;
                seconds: number | null;
            }[];
        };
        Endpoint: {
            /** Format: uuid */
            id: string;
            url: string;
            description: string;
            /** Format: date-time */
            createdAt: string;
            enabled: boolean;
            disabledAt: string | null;
            disabledReason: string | null;
            /** @description Until then the secret before this one signs too. */
            previousSecretUntil: string | null;
        };
        EndpointWithSecret: {
            /** Format: uuid */
            id: string;
            url: string;
            description: string;
            /** Format: date-time */
            createdAt: string;
            enabled: boolean;
            disabledAt: string | null;
            disabledReason: string | null;
            /** @description Until then the secret before this one signs too. */
            previousSecretUntil: string | null;
            /** @description Shown in this answer alone; again to the same `Idempotency-Key`, as long as it signs. */
            secret?: string;
        };
        Failure: {
            /** Format: uuid */
            id: string;
            /** @description Null: it could not be read. */
            type: string | null;
            subject: string | null;
            /** @description As it came; secrets are masked. */
            message: unknown;
            error: string;
            attempts: number;
            seen: number;
            /** @description Null: it is dead, a person decides. */
            nextAttemptAt: string | null;
            /** Format: date-time */
            parkedAt: string;
            /** Format: date-time */
            failedAt: string;
        };
        Order: {
            /** Format: uuid */
            id: string;
            customerId: string;
            /**
             * @description What the customer is told.
             * @enum {string}
             */
            status: "pending" | "confirmed" | "rejected" | "cancelled";
            /**
             * @description Where its saga stands. An order may have its outcome before `done`.
             * @enum {string}
             */
            step: "reserving_stock" | "authorizing_payment" | "voiding_payment" | "releasing_stock" | "done";
            /** @description Null unless it was rejected or cancelled. */
            reason: {
                /** @enum {string} */
                code: "out_of_stock" | "unknown_product" | "payment_declined" | "cancelled_by_customer" | "timed_out";
                detail: string;
            } | null;
            lines: {
                sku: string;
                name: string;
                quantity: number;
                unitPrice: number;
            }[];
            /** @description In minor units. */
            total: number;
            currency: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
        };
        OutcomeNotice: {
            /** @enum {string} */
            type: "order.confirmed" | "order.rejected" | "order.cancelled";
            /**
             * Format: date-time
             * @description When it was decided.
             */
            timestamp: string;
            data: {
                /** Format: uuid */
                id: string;
                customerId: string;
                /** @enum {string} */
                status: "confirmed" | "rejected" | "cancelled";
                /** @description Null unless it was rejected or cancelled. */
                reason: {
                    /** @enum {string} */
                    code: "out_of_stock" | "unknown_product" | "payment_declined" | "cancelled_by_customer" | "timed_out";
                    detail: string;
                } | null;
                lines: {
                    sku: string;
                    name: string;
                    quantity: number;
                    unitPrice: number;
                }[];
                total: number;
                currency: string;
                /** Format: date-time */
                createdAt: string;
            };
        };
        Payment: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            orderId: string;
            /** @description In minor units. */
            amount: number | null;
            currency: string | null;
            /** @enum {string} */
            status: "authorizing" | "authorized" | "capturing" | "captured" | "declined" | "voiding" | "voided";
            declineCode: string | null;
        };
        Problem: {
            /** @description Its page, on this server. */
            type: string;
            title: string;
            status: number;
            /** @enum {string} */
            code: "malformed_request" | "body_cut_off" | "body_not_json" | "invalid_idempotency_key" | "request_timeout" | "body_too_large" | "body_not_json_type" | "headers_too_large" | "route_not_found" | "method_not_allowed" | "not_found" | "invalid_body" | "invalid_query" | "token_needed" | "token_invalid" | "forbidden" | "too_many_requests" | "tokens_unavailable" | "idempotency_key_reused" | "request_in_progress" | "order_not_found" | "order_not_placeable" | "order_not_cancellable" | "nothing_awaited" | "products_unknown" | "product_not_found" | "no_room" | "endpoint_not_found" | "too_many_endpoints" | "delivery_not_found" | "not_replayable" | "failure_not_found" | "facts_busy" | "audit_running" | "audit_ended" | "too_many_faults" | "call_refused" | "call_failed" | "internal_error" | "too_many_requests_at_once" | "too_many_listeners" | "unavailable" | "outcome_unknown";
            detail?: string;
            errors?: {
                /** @description A JSON pointer into the body. */
                pointer?: string;
                /** @description The name of a parameter of the query. */
                parameter?: string;
                detail: string;
            }[];
            /** @description What the log calls the request. */
            traceId: string;
        };
        Product: {
            sku: string;
            name: string;
            /** @description In minor units. */
            unitPrice: number;
            currency: string;
            onHand: number;
            /** @description Held for orders that are on their way. */
            reserved: number;
            /** @description On hand and not reserved. */
            available: number;
        };
        Readiness: {
            ok: boolean;
            checks: {
                name: string;
                ok: boolean;
                detail?: string;
            }[];
        };
    };
    responses: {
        /** @description `audit_running`: One at a time: it reads everything. */
        audit_running: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "audit_running";
                };
            };
        };
        /** @description `body_not_json_type`: It must be sent with `Content-Type: application/json`. Sent again as it is, it will be refused again. */
        body_not_json_type: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "body_not_json_type";
                };
            };
        };
        /** @description `body_too_large`: At most 256 KiB are read. Sent again as it is, it will be refused again. */
        body_too_large: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "body_too_large";
                };
            };
        };
        /** @description `forbidden`: The token is good, and not for this: `detail` says what it lacks. Sent again as it is, it will be refused again. */
        forbidden: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "forbidden";
                };
            };
        };
        /** @description `headers_too_large`: At most 16 KiB of them are read. Sent again as it is, it will be refused again. */
        headers_too_large: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "headers_too_large";
                };
            };
        };
        /** @description `idempotency_key_reused`: A key belongs to one request: the same path and the same body. Use a new one for something new. */
        idempotency_key_reused: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "idempotency_key_reused";
                };
            };
        };
        /** @description `internal_error`: A mistake in the program: it is in the log, under the `traceId`. */
        internal_error: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "internal_error";
                };
            };
        };
        /** @description `invalid_body`: `errors` tells each fault, with a JSON pointer to its place in the body. Sent again as it is, it will be refused again. */
        invalid_body: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "invalid_body";
                };
            };
        };
        /**
         * @description `invalid_body`: `errors` tells each fault, with a JSON pointer to its place in the body. Sent again as it is, it will be refused again.
         *
         *     `idempotency_key_reused`: A key belongs to one request: the same path and the same body. Use a new one for something new.
         */
        "invalid_body.idempotency_key_reused": {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "invalid_body" | "idempotency_key_reused";
                };
            };
        };
        /**
         * @description `invalid_body`: `errors` tells each fault, with a JSON pointer to its place in the body. Sent again as it is, it will be refused again.
         *
         *     `idempotency_key_reused`: A key belongs to one request: the same path and the same body. Use a new one for something new.
         *
         *     `order_not_placeable`: `errors` names the lines: a product that does not exist, or one that is sold in another currency than the others.
         */
        "invalid_body.idempotency_key_reused.order_not_placeable": {
            headers: {
                "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "invalid_body" | "idempotency_key_reused" | "order_not_placeable";
                };
            };
        };
        /** @description `invalid_query`: `errors` tells each fault, with the parameter's name. Sent again as it is, it will be refused again. */
        invalid_query: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "invalid_query";
                };
            };
        };
        /** @description `malformed_request`: The server could not read it, and has closed the connection. Sent again as it is, it will be refused again. */
        malformed_request: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "malformed_request";
                };
            };
        };
        /**
         * @description `malformed_request`: The server could not read it, and has closed the connection. Sent again as it is, it will be refused again.
         *
         *     `body_cut_off`: The connection ended before the body did. Nothing was done: send it again.
         *
         *     `body_not_json`: It cannot be parsed as UTF-8 JSON. Sent again as it is, it will be refused again.
         */
        "malformed_request.body_cut_off.body_not_json": {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "malformed_request" | "body_cut_off" | "body_not_json";
                };
            };
        };
        /**
         * @description `malformed_request`: The server could not read it, and has closed the connection. Sent again as it is, it will be refused again.
         *
         *     `body_cut_off`: The connection ended before the body did. Nothing was done: send it again.
         *
         *     `body_not_json`: It cannot be parsed as UTF-8 JSON. Sent again as it is, it will be refused again.
         *
         *     `invalid_idempotency_key`: It must be 1 to 255 visible ASCII characters, bare or in double quotes. Sent again as it is, it will be refused again.
         */
        "malformed_request.body_cut_off.body_not_json.invalid_idempotency_key": {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "malformed_request" | "body_cut_off" | "body_not_json" | "invalid_idempotency_key";
                };
            };
        };
        /**
         * @description `malformed_request`: The server could not read it, and has closed the connection. Sent again as it is, it will be refused again.
         *
         *     `invalid_idempotency_key`: It must be 1 to 255 visible ASCII characters, bare or in double quotes. Sent again as it is, it will be refused again.
         */
        "malformed_request.invalid_idempotency_key": {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "malformed_request" | "invalid_idempotency_key";
                };
            };
        };
        /** @description `not_found`: Nothing can have such a name. Sent again as it is, it will be refused again. */
        not_found: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "not_found";
                };
            };
        };
        /**
         * @description `not_found`: Nothing can have such a name. Sent again as it is, it will be refused again.
         *
         *     `delivery_not_found`: It never was there, or is older than deliveries are kept.
         */
        "not_found.delivery_not_found": {
            headers: {
                "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "not_found" | "delivery_not_found";
                };
            };
        };
        /**
         * @description `not_found`: Nothing can have such a name. Sent again as it is, it will be refused again.
         *
         *     `endpoint_not_found`: No webhook has this id. Sent again as it is, it will be refused again.
         */
        "not_found.endpoint_not_found": {
            headers: {
                "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "not_found" | "endpoint_not_found";
                };
            };
        };
        /**
         * @description `not_found`: Nothing can have such a name. Sent again as it is, it will be refused again.
         *
         *     `failure_not_found`: It was handled or discarded meanwhile, or never was there.
         */
        "not_found.failure_not_found": {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "not_found" | "failure_not_found";
                };
            };
        };
        /**
         * @description `not_found`: Nothing can have such a name. Sent again as it is, it will be refused again.
         *
         *     `order_not_found`: No order has this id. Sent again as it is, it will be refused again.
         */
        "not_found.order_not_found": {
            headers: {
                "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "not_found" | "order_not_found";
                };
            };
        };
        /**
         * @description `not_found`: Nothing can have such a name. Sent again as it is, it will be refused again.
         *
         *     `product_not_found`: No product has this sku. Sent again as it is, it will be refused again.
         */
        "not_found.product_not_found": {
            headers: {
                "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "not_found" | "product_not_found";
                };
            };
        };
        /** @description `request_in_progress`: Another one with this Idempotency-Key has not been answered yet. Send it again after the seconds in `Retry-After`. */
        request_in_progress: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "request_in_progress";
                };
            };
        };
        /**
         * @description `request_in_progress`: Another one with this Idempotency-Key has not been answered yet. Send it again after the seconds in `Retry-After`.
         *
         *     `no_room`: More units of a product than can be counted would be on hand.
         */
        "request_in_progress.no_room": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "request_in_progress" | "no_room";
                };
            };
        };
        /**
         * @description `request_in_progress`: Another one with this Idempotency-Key has not been answered yet. Send it again after the seconds in `Retry-After`.
         *
         *     `not_replayable`: An attempt is under way, its endpoint is disabled, or no mail is sent: `detail` says which.
         */
        "request_in_progress.not_replayable": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "request_in_progress" | "not_replayable";
                };
            };
        };
        /**
         * @description `request_in_progress`: Another one with this Idempotency-Key has not been answered yet. Send it again after the seconds in `Retry-After`.
         *
         *     `nothing_awaited`: It has come to its end, and has no deadline that could be set to now.
         */
        "request_in_progress.nothing_awaited": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "request_in_progress" | "nothing_awaited";
                };
            };
        };
        /**
         * @description `request_in_progress`: Another one with this Idempotency-Key has not been answered yet. Send it again after the seconds in `Retry-After`.
         *
         *     `order_not_cancellable`: It has come to its end: it is confirmed or rejected.
         */
        "request_in_progress.order_not_cancellable": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "request_in_progress" | "order_not_cancellable";
                };
            };
        };
        /**
         * @description `request_in_progress`: Another one with this Idempotency-Key has not been answered yet. Send it again after the seconds in `Retry-After`.
         *
         *     `too_many_endpoints`: Delete one that is not used any more.
         */
        "request_in_progress.too_many_endpoints": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "request_in_progress" | "too_many_endpoints";
                };
            };
        };
        /** @description `request_timeout`: Its headers or its body did not come in time, and the connection was closed. Nothing was done: send it again. */
        request_timeout: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "request_timeout";
                };
            };
        };
        /**
         * @description `token_needed`: Show one as `Authorization: Bearer`. Nothing was done.
         *
         *     `token_invalid`: `detail` says why: it has expired, say. Get a new one and send the request again.
         */
        "token_needed.token_invalid": {
            headers: {
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "token_needed" | "token_invalid";
                };
            };
        };
        /** @description `tokens_unavailable`: The keys of who signs them cannot be fetched. Nothing was done. Send the same request again after the seconds in `Retry-After`. */
        tokens_unavailable: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "tokens_unavailable";
                };
            };
        };
        /**
         * @description `tokens_unavailable`: The keys of who signs them cannot be fetched. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `audit_ended`: Whoever asked for it has gone.
         *
         *     `unavailable`: Its database is away or busy. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         */
        "tokens_unavailable.audit_ended.unavailable": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "tokens_unavailable" | "audit_ended" | "unavailable";
                };
            };
        };
        /**
         * @description `tokens_unavailable`: The keys of who signs them cannot be fetched. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `facts_busy`: Two at a time may read all that a module states of itself. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `unavailable`: Its database is away or busy. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         */
        "tokens_unavailable.facts_busy.unavailable": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "tokens_unavailable" | "facts_busy" | "unavailable";
                };
            };
        };
        /**
         * @description `tokens_unavailable`: The keys of who signs them cannot be fetched. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `products_unknown`: A new shop takes no orders before Stock has sent its list of products. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `too_many_requests_at_once`: As many as can be answered in time are in hand. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `unavailable`: Its database is away or busy. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `outcome_unknown`: The database was lost while it was being done. Sent again with the same Idempotency-Key it is done once; without one, `detail` says how to find out.
         */
        "tokens_unavailable.products_unknown.too_many_requests_at_once.unavailable.outcome_unknown": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                Location: components["headers"]["Location"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "tokens_unavailable" | "products_unknown" | "too_many_requests_at_once" | "unavailable" | "outcome_unknown";
                };
            };
        };
        /**
         * @description `tokens_unavailable`: The keys of who signs them cannot be fetched. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `too_many_requests_at_once`: As many as can be answered in time are in hand. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `too_many_listeners`: As many as can be served listen to orders here. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `unavailable`: Its database is away or busy. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         */
        "tokens_unavailable.too_many_requests_at_once.too_many_listeners.unavailable": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "tokens_unavailable" | "too_many_requests_at_once" | "too_many_listeners" | "unavailable";
                };
            };
        };
        /**
         * @description `tokens_unavailable`: The keys of who signs them cannot be fetched. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `too_many_requests_at_once`: As many as can be answered in time are in hand. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `unavailable`: Its database is away or busy. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         */
        "tokens_unavailable.too_many_requests_at_once.unavailable": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "tokens_unavailable" | "too_many_requests_at_once" | "unavailable";
                };
            };
        };
        /**
         * @description `tokens_unavailable`: The keys of who signs them cannot be fetched. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `too_many_requests_at_once`: As many as can be answered in time are in hand. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `unavailable`: Its database is away or busy. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `outcome_unknown`: The database was lost while it was being done. Sent again with the same Idempotency-Key it is done once; without one, `detail` says how to find out.
         */
        "tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                Location: components["headers"]["Location"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "tokens_unavailable" | "too_many_requests_at_once" | "unavailable" | "outcome_unknown";
                };
            };
        };
        /**
         * @description `tokens_unavailable`: The keys of who signs them cannot be fetched. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         *
         *     `unavailable`: Its database is away or busy. Nothing was done. Send the same request again after the seconds in `Retry-After`.
         */
        "tokens_unavailable.unavailable": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "tokens_unavailable" | "unavailable";
                };
            };
        };
        /** @description `too_many_requests`: This caller has made as many in a minute as are answered. Nothing was done. Send the same request again after the seconds in `Retry-After`. */
        too_many_requests: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code: "too_many_requests";
                };
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description To be given back as `If-None-Match`. */
        ETag: string;
        /** @description This is the first answer to this `Idempotency-Key` once more. */
        "Idempotent-Replayed": "true";
        /** @description Where it is. */
        Location: string;
        /** @description The outcome was waited for, as `Prefer` asked. */
        "Preference-Applied": string;
        /** @description How many requests of this minute are left, and for how many seconds. Only where they are counted. */
        RateLimit: string;
        /** @description How many requests a minute are answered. Only where they are counted. */
        "RateLimit-Policy": string;
        /** @description In seconds. */
        "Retry-After": number;
        /** @description What the token lacks (RFC 6750). */
        "WWW-Authenticate": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    audit: {
        parameters: {
            query?: {
                /** @description How long the modules may differ. */
                graceSeconds?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is wrong, and what to do about it. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "clean": true,
                     *       "at": "2026-11-24T11:25:53.814Z",
                     *       "graceSeconds": 60,
                     *       "tookSeconds": 0.1,
                     *       "orders": 2,
                     *       "messaging": {
                     *         "order": {
                     *           "outboxMessages": 0,
                     *           "outboxOldestSeconds": 0,
                     *           "parked": 0,
                     *           "dead": 0
                     *         }
                     *       },
                     *       "findings": []
                     *     }
                     */
                    "application/json": {
                        clean: boolean;
                        /** Format: date-time */
                        at: string;
                        graceSeconds: number;
                        tookSeconds: number;
                        orders: number;
                        messaging: {
                            [key: string]: {
                                outboxMessages: number;
                                outboxOldestSeconds: number;
                                parked: number;
                                dead: number;
                            };
                        };
                        findings: {
                            invariant: string;
                            title: string;
                            whatToDo: string;
                            count: number;
                            /** @description At the first look. */
                            suspected: number;
                            examples: {
                                subject: string;
                                says: {
                                    [key: string]: string | null;
                                };
                            }[];
                        }[];
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["audit_running"];
            422: components["responses"]["invalid_query"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.audit_ended.unavailable"];
        };
    };
    listDeliveries: {
        parameters: {
            query?: {
                orderId?: string;
                endpointId?: string;
                state?: "pending" | "delivered" | "failed";
                /** @description How many; more than 100 is taken as 100. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of deliveries. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *           "orderId": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *           "channel": "webhook",
                     *           "endpointId": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *           "state": "pending",
                     *           "attempts": 1,
                     *           "nextAttemptAt": "2026-11-24T11:25:53.814Z",
                     *           "endedAt": null,
                     *           "error": "answered 500"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        data: components["schemas"]["Delivery"][];
                        nextCursor: string | null;
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            422: components["responses"]["invalid_query"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable"];
        };
    };
    findDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The delivery. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "orderId": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "channel": "webhook",
                     *       "endpointId": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "state": "pending",
                     *       "attempts": 1,
                     *       "nextAttemptAt": "2026-11-24T11:25:53.814Z",
                     *       "endedAt": null,
                     *       "error": "answered 500",
                     *       "history": [
                     *         {
                     *           "number": 1,
                     *           "at": "2026-11-24T11:25:53.814Z",
                     *           "outcome": "failed",
                     *           "error": "answered 500",
                     *           "seconds": 0.2
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["DeliveryWithHistory"];
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.delivery_not_found"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable"];
        };
    };
    replayDelivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    by: string;
                    reason: string;
                };
            };
        };
        responses: {
            /** @description It is on its way. */
            202: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "orderId": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "channel": "webhook",
                     *       "endpointId": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "state": "pending",
                     *       "attempts": 1,
                     *       "nextAttemptAt": "2026-11-24T11:25:53.814Z",
                     *       "endedAt": null,
                     *       "error": "answered 500",
                     *       "history": [
                     *         {
                     *           "number": 1,
                     *           "at": "2026-11-24T11:25:53.814Z",
                     *           "outcome": "failed",
                     *           "error": "answered 500",
                     *           "seconds": 0.2
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["DeliveryWithHistory"];
                };
            };
            400: components["responses"]["malformed_request.body_cut_off.body_not_json.invalid_idempotency_key"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.delivery_not_found"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["request_in_progress.not_replayable"];
            413: components["responses"]["body_too_large"];
            415: components["responses"]["body_not_json_type"];
            422: components["responses"]["invalid_body.idempotency_key_reused"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    readOrderFacts: {
        parameters: {
            query?: {
                /** @description Of these orders only: at most 100, with commas between. */
                orderIds?: string;
                /** @description `0`: without those about products. */
                products?: "0" | "1";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description NDJSON. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {"fact":"messaging","module":"order","outboxMessages":0,"outboxOldestSeconds":0,"parked":0,"dead":0}
                     *     {"fact":"end"}
                     */
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            422: components["responses"]["invalid_query"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.facts_busy.unavailable"];
        };
    };
    listOrderFailures: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The largest groups first, at most 100. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "type": "stock.reserved",
                     *           "error": "ImpossibleMessage: there is no order …",
                     *           "parked": 0,
                     *           "dead": 1,
                     *           "seen": 1,
                     *           "oldestAt": "2026-11-24T11:25:53.814Z",
                     *           "latestAt": "2026-11-24T11:25:53.814Z",
                     *           "exampleIds": [
                     *             "01a20d4e-2116-73a4-ac27-ca1dece9e99f"
                     *           ]
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        data: {
                            /** @description Null: it could not be read. */
                            type: string | null;
                            /** @description Without the ids and numbers in it. */
                            error: string;
                            /** @description Those that are tried again by themselves. */
                            parked: number;
                            /** @description Those that wait for a person. */
                            dead: number;
                            /** @description How often they came in. */
                            seen: number;
                            /** Format: date-time */
                            oldestAt: string;
                            /** Format: date-time */
                            latestAt: string;
                            exampleIds: string[];
                        }[];
                        nextCursor: null;
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.unavailable"];
        };
    };
    discardOrderFailures: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    by: string;
                    reason: string;
                    ids: string[];
                } | {
                    by: string;
                    reason: string;
                    group: {
                        type: string | null;
                        error: string;
                    };
                } | {
                    by: string;
                    reason: string;
                    /** @constant */
                    all: true;
                };
            };
        };
        responses: {
            /** @description So many are given up. */
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "failures": 3
                     *     }
                     */
                    "application/json": {
                        failures: number;
                    };
                };
            };
            400: components["responses"]["malformed_request.body_cut_off.body_not_json.invalid_idempotency_key"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["request_in_progress"];
            413: components["responses"]["body_too_large"];
            415: components["responses"]["body_not_json_type"];
            422: components["responses"]["invalid_body.idempotency_key_reused"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    redriveOrderFailures: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    by: string;
                    reason: string;
                    ids: string[];
                } | {
                    by: string;
                    reason: string;
                    group: {
                        type: string | null;
                        error: string;
                    };
                } | {
                    by: string;
                    reason: string;
                    /** @constant */
                    all: true;
                };
            };
        };
        responses: {
            /** @description So many are tried again. */
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "failures": 3
                     *     }
                     */
                    "application/json": {
                        failures: number;
                    };
                };
            };
            400: components["responses"]["malformed_request.body_cut_off.body_not_json.invalid_idempotency_key"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["request_in_progress"];
            413: components["responses"]["body_too_large"];
            415: components["responses"]["body_not_json_type"];
            422: components["responses"]["invalid_body.idempotency_key_reused"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    findOrderFailure: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The failure. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "type": "stock.reserved",
                     *       "subject": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "message": {
                     *         "type": "stock.reserved"
                     *       },
                     *       "error": "ImpossibleMessage: there is no order …",
                     *       "attempts": 1,
                     *       "seen": 1,
                     *       "nextAttemptAt": null,
                     *       "parkedAt": "2026-11-24T11:25:53.814Z",
                     *       "failedAt": "2026-11-24T11:25:53.814Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Failure"];
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.failure_not_found"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.unavailable"];
        };
    };
    listNotices: {
        parameters: {
            query?: {
                /** @description How many; more than 100 is taken as 100. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of outcomes, those of the newest orders first. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "orderId": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *           "toldAt": "2026-11-24T11:25:53.814Z",
                     *           "webhook": {
                     *             "type": "order.confirmed",
                     *             "timestamp": "2026-11-24T11:25:53.814Z",
                     *             "data": {
                     *               "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *               "customerId": "cus_1",
                     *               "status": "confirmed",
                     *               "reason": null,
                     *               "lines": [
                     *                 {
                     *                   "sku": "MUG-01",
                     *                   "name": "Mug",
                     *                   "quantity": 1,
                     *                   "unitPrice": 1250
                     *                 }
                     *               ],
                     *               "total": 1250,
                     *               "currency": "EUR",
                     *               "createdAt": "2026-11-24T11:25:53.814Z"
                     *             }
                     *           },
                     *           "email": null
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        data: {
                            /** Format: uuid */
                            orderId: string;
                            toldAt: string | null;
                            webhook: components["schemas"]["OutcomeNotice"];
                            email: {
                                to: string;
                                subject: string;
                                text: string;
                            } | null;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            422: components["responses"]["invalid_query"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable"];
        };
    };
    expireDeadline: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    by: string;
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Its deadline is now. */
            202: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "customerId": "cus_1",
                     *       "status": "pending",
                     *       "step": "reserving_stock",
                     *       "reason": null,
                     *       "lines": [
                     *         {
                     *           "sku": "MUG-01",
                     *           "name": "Mug",
                     *           "quantity": 1,
                     *           "unitPrice": 1250
                     *         }
                     *       ],
                     *       "total": 1250,
                     *       "currency": "EUR",
                     *       "createdAt": "2026-11-24T11:25:53.814Z",
                     *       "updatedAt": "2026-11-24T11:25:53.814Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["malformed_request.body_cut_off.body_not_json.invalid_idempotency_key"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.order_not_found"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["request_in_progress.nothing_awaited"];
            413: components["responses"]["body_too_large"];
            415: components["responses"]["body_not_json_type"];
            422: components["responses"]["invalid_body.idempotency_key_reused"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    listOrderOutbox: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How many, how old, and the broker’s last refusal. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "messages": 3,
                     *       "oldestSeconds": 120.5,
                     *       "data": [
                     *         {
                     *           "type": "stock.reserved",
                     *           "messages": 3,
                     *           "oldestAt": "2026-11-24T11:25:53.814Z",
                     *           "attempts": 0,
                     *           "lastError": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        messages: number;
                        oldestSeconds: number;
                        data: {
                            type: string;
                            messages: number;
                            /** Format: date-time */
                            oldestAt: string;
                            /** @description The most often that the broker has refused one of them. */
                            attempts: number;
                            lastError: string | null;
                        }[];
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.unavailable"];
        };
    };
    listWebhooks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All there are. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *           "url": "https://shop.example.com/hooks/orders",
                     *           "description": "the shop",
                     *           "createdAt": "2026-11-24T11:25:53.814Z",
                     *           "enabled": true,
                     *           "disabledAt": null,
                     *           "disabledReason": null,
                     *           "previousSecretUntil": null
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        data: components["schemas"]["Endpoint"][];
                        nextCursor: string | null;
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable"];
        };
    };
    registerWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    by: string;
                    reason: string;
                    url: string;
                    description?: string;
                };
            };
        };
        responses: {
            /** @description It is told from now on. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "url": "https://shop.example.com/hooks/orders",
                     *       "description": "the shop",
                     *       "createdAt": "2026-11-24T11:25:53.814Z",
                     *       "enabled": true,
                     *       "disabledAt": null,
                     *       "disabledReason": null,
                     *       "previousSecretUntil": null,
                     *       "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
                     *     }
                     */
                    "application/json": components["schemas"]["EndpointWithSecret"];
                };
            };
            400: components["responses"]["malformed_request.body_cut_off.body_not_json.invalid_idempotency_key"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["request_in_progress.too_many_endpoints"];
            413: components["responses"]["body_too_large"];
            415: components["responses"]["body_not_json_type"];
            422: components["responses"]["invalid_body.idempotency_key_reused"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    findWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The endpoint. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "url": "https://shop.example.com/hooks/orders",
                     *       "description": "the shop",
                     *       "createdAt": "2026-11-24T11:25:53.814Z",
                     *       "enabled": true,
                     *       "disabledAt": null,
                     *       "disabledReason": null,
                     *       "previousSecretUntil": null
                     *     }
                     */
                    "application/json": components["schemas"]["Endpoint"];
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.endpoint_not_found"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable"];
        };
    };
    deleteWebhook: {
        parameters: {
            query: {
                by: string;
                reason: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.endpoint_not_found"];
            408: components["responses"]["request_timeout"];
            422: components["responses"]["invalid_query"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    enableWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    by: string;
                    reason: string;
                };
            };
        };
        responses: {
            /** @description It is told again. */
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "url": "https://shop.example.com/hooks/orders",
                     *       "description": "the shop",
                     *       "createdAt": "2026-11-24T11:25:53.814Z",
                     *       "enabled": true,
                     *       "disabledAt": null,
                     *       "disabledReason": null,
                     *       "previousSecretUntil": null
                     *     }
                     */
                    "application/json": components["schemas"]["Endpoint"];
                };
            };
            400: components["responses"]["malformed_request.body_cut_off.body_not_json.invalid_idempotency_key"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.endpoint_not_found"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["request_in_progress"];
            413: components["responses"]["body_too_large"];
            415: components["responses"]["body_not_json_type"];
            422: components["responses"]["invalid_body.idempotency_key_reused"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    replayWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    by: string;
                    reason: string;
                    /** @description A moment as 2026-03-01T12:00:00Z, or a day as 2026-03-01: its first moment in UTC. */
                    since: string;
                    /** @description A moment as 2026-03-01T12:00:00Z, or a day as 2026-03-01: its first moment in UTC. */
                    until?: string;
                };
            };
        };
        responses: {
            /** @description They are on their way; `more`: ask again for the rest. */
            202: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deliveries": 12,
                     *       "more": false
                     *     }
                     */
                    "application/json": {
                        deliveries: number;
                        more: boolean;
                    };
                };
            };
            400: components["responses"]["malformed_request.body_cut_off.body_not_json.invalid_idempotency_key"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.endpoint_not_found"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["request_in_progress.not_replayable"];
            413: components["responses"]["body_too_large"];
            415: components["responses"]["body_not_json_type"];
            422: components["responses"]["invalid_body.idempotency_key_reused"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    rotateWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    by: string;
                    reason: string;
                };
            };
        };
        responses: {
            /** @description It has a new secret. */
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "url": "https://shop.example.com/hooks/orders",
                     *       "description": "the shop",
                     *       "createdAt": "2026-11-24T11:25:53.814Z",
                     *       "enabled": true,
                     *       "disabledAt": null,
                     *       "disabledReason": null,
                     *       "previousSecretUntil": "2026-11-25T11:25:53.814Z",
                     *       "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
                     *     }
                     */
                    "application/json": components["schemas"]["EndpointWithSecret"];
                };
            };
            400: components["responses"]["malformed_request.body_cut_off.body_not_json.invalid_idempotency_key"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.endpoint_not_found"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["request_in_progress"];
            413: components["responses"]["body_too_large"];
            415: components["responses"]["body_not_json_type"];
            422: components["responses"]["invalid_body.idempotency_key_reused"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    readPaymentFacts: {
        parameters: {
            query?: {
                /** @description Of these orders only: at most 100, with commas between. */
                orderIds?: string;
                /** @description `0`: without those about products. */
                products?: "0" | "1";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description NDJSON. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {"fact":"messaging","module":"order","outboxMessages":0,"outboxOldestSeconds":0,"parked":0,"dead":0}
                     *     {"fact":"end"}
                     */
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            422: components["responses"]["invalid_query"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.facts_busy.unavailable"];
        };
    };
    listPaymentFailures: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The largest groups first, at most 100. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "type": "stock.reserved",
                     *           "error": "ImpossibleMessage: there is no order …",
                     *           "parked": 0,
                     *           "dead": 1,
                     *           "seen": 1,
                     *           "oldestAt": "2026-11-24T11:25:53.814Z",
                     *           "latestAt": "2026-11-24T11:25:53.814Z",
                     *           "exampleIds": [
                     *             "01a20d4e-2116-73a4-ac27-ca1dece9e99f"
                     *           ]
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        data: {
                            /** @description Null: it could not be read. */
                            type: string | null;
                            /** @description Without the ids and numbers in it. */
                            error: string;
                            /** @description Those that are tried again by themselves. */
                            parked: number;
                            /** @description Those that wait for a person. */
                            dead: number;
                            /** @description How often they came in. */
                            seen: number;
                            /** Format: date-time */
                            oldestAt: string;
                            /** Format: date-time */
                            latestAt: string;
                            exampleIds: string[];
                        }[];
                        nextCursor: null;
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.unavailable"];
        };
    };
    discardPaymentFailures: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    by: string;
                    reason: string;
                    ids: string[];
                } | {
                    by: string;
                    reason: string;
                    group: {
                        type: string | null;
                        error: string;
                    };
                } | {
                    by: string;
                    reason: string;
                    /** @constant */
                    all: true;
                };
            };
        };
        responses: {
            /** @description So many are given up. */
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "failures": 3
                     *     }
                     */
                    "application/json": {
                        failures: number;
                    };
                };
            };
            400: components["responses"]["malformed_request.body_cut_off.body_not_json.invalid_idempotency_key"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["request_in_progress"];
            413: components["responses"]["body_too_large"];
            415: components["responses"]["body_not_json_type"];
            422: components["responses"]["invalid_body.idempotency_key_reused"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    redrivePaymentFailures: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    by: string;
                    reason: string;
                    ids: string[];
                } | {
                    by: string;
                    reason: string;
                    group: {
                        type: string | null;
                        error: string;
                    };
                } | {
                    by: string;
                    reason: string;
                    /** @constant */
                    all: true;
                };
            };
        };
        responses: {
            /** @description So many are tried again. */
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "failures": 3
                     *     }
                     */
                    "application/json": {
                        failures: number;
                    };
                };
            };
            400: components["responses"]["malformed_request.body_cut_off.body_not_json.invalid_idempotency_key"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["request_in_progress"];
            413: components["responses"]["body_too_large"];
            415: components["responses"]["body_not_json_type"];
            422: components["responses"]["invalid_body.idempotency_key_reused"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    findPaymentFailure: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The failure. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "type": "stock.reserved",
                     *       "subject": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "message": {
                     *         "type": "stock.reserved"
                     *       },
                     *       "error": "ImpossibleMessage: there is no order …",
                     *       "attempts": 1,
                     *       "seen": 1,
                     *       "nextAttemptAt": null,
                     *       "parkedAt": "2026-11-24T11:25:53.814Z",
                     *       "failedAt": "2026-11-24T11:25:53.814Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Failure"];
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.failure_not_found"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.unavailable"];
        };
    };
    listPaymentOutbox: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How many, how old, and the broker’s last refusal. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "messages": 3,
                     *       "oldestSeconds": 120.5,
                     *       "data": [
                     *         {
                     *           "type": "stock.reserved",
                     *           "messages": 3,
                     *           "oldestAt": "2026-11-24T11:25:53.814Z",
                     *           "attempts": 0,
                     *           "lastError": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        messages: number;
                        oldestSeconds: number;
                        data: {
                            type: string;
                            messages: number;
                            /** Format: date-time */
                            oldestAt: string;
                            /** @description The most often that the broker has refused one of them. */
                            attempts: number;
                            lastError: string | null;
                        }[];
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.unavailable"];
        };
    };
    readStockFacts: {
        parameters: {
            query?: {
                /** @description Of these orders only: at most 100, with commas between. */
                orderIds?: string;
                /** @description `0`: without those about products. */
                products?: "0" | "1";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description NDJSON. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {"fact":"messaging","module":"order","outboxMessages":0,"outboxOldestSeconds":0,"parked":0,"dead":0}
                     *     {"fact":"end"}
                     */
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            422: components["responses"]["invalid_query"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.facts_busy.unavailable"];
        };
    };
    listStockFailures: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The largest groups first, at most 100. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "type": "stock.reserved",
                     *           "error": "ImpossibleMessage: there is no order …",
                     *           "parked": 0,
                     *           "dead": 1,
                     *           "seen": 1,
                     *           "oldestAt": "2026-11-24T11:25:53.814Z",
                     *           "latestAt": "2026-11-24T11:25:53.814Z",
                     *           "exampleIds": [
                     *             "01a20d4e-2116-73a4-ac27-ca1dece9e99f"
                     *           ]
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        data: {
                            /** @description Null: it could not be read. */
                            type: string | null;
                            /** @description Without the ids and numbers in it. */
                            error: string;
                            /** @description Those that are tried again by themselves. */
                            parked: number;
                            /** @description Those that wait for a person. */
                            dead: number;
                            /** @description How often they came in. */
                            seen: number;
                            /** Format: date-time */
                            oldestAt: string;
                            /** Format: date-time */
                            latestAt: string;
                            exampleIds: string[];
                        }[];
                        nextCursor: null;
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.unavailable"];
        };
    };
    discardStockFailures: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    by: string;
                    reason: string;
                    ids: string[];
                } | {
                    by: string;
                    reason: string;
                    group: {
                        type: string | null;
                        error: string;
                    };
                } | {
                    by: string;
                    reason: string;
                    /** @constant */
                    all: true;
                };
            };
        };
        responses: {
            /** @description So many are given up. */
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "failures": 3
                     *     }
                     */
                    "application/json": {
                        failures: number;
                    };
                };
            };
            400: components["responses"]["malformed_request.body_cut_off.body_not_json.invalid_idempotency_key"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["request_in_progress"];
            413: components["responses"]["body_too_large"];
            415: components["responses"]["body_not_json_type"];
            422: components["responses"]["invalid_body.idempotency_key_reused"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    redriveStockFailures: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    by: string;
                    reason: string;
                    ids: string[];
                } | {
                    by: string;
                    reason: string;
                    group: {
                        type: string | null;
                        error: string;
                    };
                } | {
                    by: string;
                    reason: string;
                    /** @constant */
                    all: true;
                };
            };
        };
        responses: {
            /** @description So many are tried again. */
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "failures": 3
                     *     }
                     */
                    "application/json": {
                        failures: number;
                    };
                };
            };
            400: components["responses"]["malformed_request.body_cut_off.body_not_json.invalid_idempotency_key"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["request_in_progress"];
            413: components["responses"]["body_too_large"];
            415: components["responses"]["body_not_json_type"];
            422: components["responses"]["invalid_body.idempotency_key_reused"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    findStockFailure: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The failure. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "type": "stock.reserved",
                     *       "subject": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "message": {
                     *         "type": "stock.reserved"
                     *       },
                     *       "error": "ImpossibleMessage: there is no order …",
                     *       "attempts": 1,
                     *       "seen": 1,
                     *       "nextAttemptAt": null,
                     *       "parkedAt": "2026-11-24T11:25:53.814Z",
                     *       "failedAt": "2026-11-24T11:25:53.814Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Failure"];
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.failure_not_found"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.unavailable"];
        };
    };
    listStockOutbox: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How many, how old, and the broker’s last refusal. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "messages": 3,
                     *       "oldestSeconds": 120.5,
                     *       "data": [
                     *         {
                     *           "type": "stock.reserved",
                     *           "messages": 3,
                     *           "oldestAt": "2026-11-24T11:25:53.814Z",
                     *           "attempts": 0,
                     *           "lastError": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        messages: number;
                        oldestSeconds: number;
                        data: {
                            type: string;
                            messages: number;
                            /** Format: date-time */
                            oldestAt: string;
                            /** @description The most often that the broker has refused one of them. */
                            attempts: number;
                            lastError: string | null;
                        }[];
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.unavailable"];
        };
    };
    asyncApi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the modules of this process say and take, as AsyncAPI 3.0. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "asyncapi": "3.0.0"
                     *     }
                     */
                    "application/json": {
                        asyncapi: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            408: components["responses"]["request_timeout"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
        };
    };
    docs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example <!doctype html> */
                    "text/html": string;
                };
            };
            400: components["responses"]["malformed_request"];
            404: components["responses"]["not_found"];
            408: components["responses"]["request_timeout"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
        };
    };
    docsFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                file: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A script or a style sheet. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example  */
                    "text/css": string;
                    /** @example  */
                    "text/javascript": string;
                };
            };
            400: components["responses"]["malformed_request"];
            404: components["responses"]["not_found"];
            408: components["responses"]["request_timeout"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
        };
    };
    livez: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It does. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        ok: true;
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            408: components["responses"]["request_timeout"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The text format of Prometheus. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example # HELP broker_ready 1: connected, and not blocked.
                     *     # TYPE broker_ready gauge
                     *     broker_ready{module="order"} 1
                     */
                    "text/plain": string;
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable"];
        };
    };
    openApi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What this process serves, as OpenAPI 3.1. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "openapi": "3.1.0"
                     *     }
                     */
                    "application/json": {
                        openapi: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            408: components["responses"]["request_timeout"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
        };
    };
    listOrders: {
        parameters: {
            query?: {
                customerId?: string;
                status?: "pending" | "confirmed" | "rejected" | "cancelled";
                /** @description A moment as 2026-03-01T12:00:00Z, or a day as 2026-03-01: its first moment in UTC. */
                placedAfter?: string;
                /** @description A moment as 2026-03-01T12:00:00Z, or a day as 2026-03-01: its first moment in UTC. */
                placedBefore?: string;
                /** @description How many; more than 100 is taken as 100. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of orders. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *           "customerId": "cus_1",
                     *           "status": "pending",
                     *           "step": "reserving_stock",
                     *           "reason": null,
                     *           "lines": [
                     *             {
                     *               "sku": "MUG-01",
                     *               "name": "Mug",
                     *               "quantity": 1,
                     *               "unitPrice": 1250
                     *             }
                     *           ],
                     *           "total": 1250,
                     *           "currency": "EUR",
                     *           "createdAt": "2026-11-24T11:25:53.814Z",
                     *           "updatedAt": "2026-11-24T11:25:53.814Z"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        data: components["schemas"]["Order"][];
                        nextCursor: string | null;
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            422: components["responses"]["invalid_query"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable"];
        };
    };
    placeOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description `wait=10`: answer when the order has its outcome, or as it is after so many seconds (30 at most). */
                Prefer?: string;
                /** @description Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customerId: string;
                    lines: {
                        sku: string;
                        quantity: number;
                    }[];
                    paymentToken: string;
                    /** Format: email */
                    email?: string;
                };
            };
        };
        responses: {
            /** @description It is placed. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "customerId": "cus_1",
                     *       "status": "pending",
                     *       "step": "reserving_stock",
                     *       "reason": null,
                     *       "lines": [
                     *         {
                     *           "sku": "MUG-01",
                     *           "name": "Mug",
                     *           "quantity": 1,
                     *           "unitPrice": 1250
                     *         }
                     *       ],
                     *       "total": 1250,
                     *       "currency": "EUR",
                     *       "createdAt": "2026-11-24T11:25:53.814Z",
                     *       "updatedAt": "2026-11-24T11:25:53.814Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["malformed_request.body_cut_off.body_not_json.invalid_idempotency_key"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["request_in_progress"];
            413: components["responses"]["body_too_large"];
            415: components["responses"]["body_not_json_type"];
            422: components["responses"]["invalid_body.idempotency_key_reused.order_not_placeable"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.products_unknown.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    followCustomer: {
        parameters: {
            query: {
                customerId: string;
            };
            header?: {
                /** @description The last `id` that was read: what came after it is sent first. */
                "Last-Event-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-Sent Events, each named `order`, its `data` an order as `GET` shows it at that moment. A line that begins with a colon keeps the connection open. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example retry: 1500
                     *
                     *     id: 1
                     *     event: order
                     *     data: {"id":"01a20d4e-2116-73a4-ac27-ca1dece9e99f","customerId":"cus_1","status":"pending","step":"reserving_stock","reason":null,"lines":[{"sku":"MUG-01","name":"Mug","quantity":1,"unitPrice":1250}],"total":1250,"currency":"EUR","createdAt":"2026-11-24T11:25:53.814Z","updatedAt":"2026-11-24T11:25:53.814Z"}
                     */
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            422: components["responses"]["invalid_query"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.too_many_listeners.unavailable"];
        };
    };
    findOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what you have: if it is still so, the answer is a 304. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The order. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "customerId": "cus_1",
                     *       "status": "pending",
                     *       "step": "reserving_stock",
                     *       "reason": null,
                     *       "lines": [
                     *         {
                     *           "sku": "MUG-01",
                     *           "name": "Mug",
                     *           "quantity": 1,
                     *           "unitPrice": 1250
                     *         }
                     *       ],
                     *       "total": 1250,
                     *       "currency": "EUR",
                     *       "createdAt": "2026-11-24T11:25:53.814Z",
                     *       "updatedAt": "2026-11-24T11:25:53.814Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description It is as you have it. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.order_not_found"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable"];
        };
    };
    cancelOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is cancelled; what was reserved and authorized for it is being given back. */
            202: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "customerId": "cus_1",
                     *       "status": "cancelled",
                     *       "step": "releasing_stock",
                     *       "reason": {
                     *         "code": "cancelled_by_customer",
                     *         "detail": "The customer cancelled the order."
                     *       },
                     *       "lines": [
                     *         {
                     *           "sku": "MUG-01",
                     *           "name": "Mug",
                     *           "quantity": 1,
                     *           "unitPrice": 1250
                     *         }
                     *       ],
                     *       "total": 1250,
                     *       "currency": "EUR",
                     *       "createdAt": "2026-11-24T11:25:53.814Z",
                     *       "updatedAt": "2026-11-24T11:25:53.814Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["malformed_request.invalid_idempotency_key"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.order_not_found"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["request_in_progress.order_not_cancellable"];
            422: components["responses"]["idempotency_key_reused"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    followOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description The last `id` that was read: what came after it is sent first. */
                "Last-Event-ID"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-Sent Events, each named `order`, its `data` an order as `GET` shows it at that moment. A line that begins with a colon keeps the connection open. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example retry: 1500
                     *
                     *     id: 1
                     *     event: order
                     *     data: {"id":"01a20d4e-2116-73a4-ac27-ca1dece9e99f","customerId":"cus_1","status":"pending","step":"reserving_stock","reason":null,"lines":[{"sku":"MUG-01","name":"Mug","quantity":1,"unitPrice":1250}],"total":1250,"currency":"EUR","createdAt":"2026-11-24T11:25:53.814Z","updatedAt":"2026-11-24T11:25:53.814Z"}
                     */
                    "text/event-stream": string;
                };
            };
            /** @description The saga has ended, and `Last-Event-ID` is its end: do not come again. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.order_not_found"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.too_many_listeners.unavailable"];
        };
    };
    findTimeline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its steps in their order; its messages, causes before what they cause. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "orderId": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "steps": [
                     *         {
                     *           "seq": 1,
                     *           "at": "2026-11-24T11:25:53.814Z",
                     *           "event": "place",
                     *           "heeded": true,
                     *           "step": "reserving_stock",
                     *           "status": "pending",
                     *           "messageId": null
                     *         }
                     *       ],
                     *       "hops": [
                     *         {
                     *           "id": "01a20d4e-2117-7000-8c7e-3f0d5f9a1b2c",
                     *           "type": "stock.reserve",
                     *           "module": "order",
                     *           "receiver": "stock",
                     *           "written": "2026-11-24T11:25:53.814Z",
                     *           "sent": null,
                     *           "received": null,
                     *           "handled": null,
                     *           "attempts": null,
                     *           "causationId": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** Format: uuid */
                        orderId: string;
                        steps: {
                            seq: number;
                            /** Format: date-time */
                            at: string;
                            /** @description `place`, the type of a reply, `cancel`, `deadline`, `gave_up`. */
                            event: string;
                            /** @description False: it came late or twice, and nothing followed. */
                            heeded: boolean;
                            /** @enum {string} */
                            step: "reserving_stock" | "authorizing_payment" | "voiding_payment" | "releasing_stock" | "done";
                            /** @enum {string} */
                            status: "pending" | "confirmed" | "rejected" | "cancelled";
                            messageId: string | null;
                        }[];
                        hops: {
                            /** Format: uuid */
                            id: string;
                            type: string;
                            /** @description Who wrote it. */
                            module: string;
                            /** @description Who handles it; null: news. */
                            receiver: string | null;
                            /** Format: date-time */
                            written: string;
                            sent: string | null;
                            received: string | null;
                            handled: string | null;
                            attempts: number | null;
                            /** @description The message that it follows from. */
                            causationId: string | null;
                        }[];
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.order_not_found"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable"];
        };
    };
    listPayments: {
        parameters: {
            query?: {
                orderId?: string;
                /** @description How many; more than 100 is taken as 100. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of payments. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "id": "01a20d4e-2123-7d8a-9b1e-0c6f2d3a4b5c",
                     *           "orderId": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *           "amount": 1250,
                     *           "currency": "EUR",
                     *           "status": "captured",
                     *           "declineCode": null
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        data: components["schemas"]["Payment"][];
                        nextCursor: string | null;
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            422: components["responses"]["invalid_query"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable"];
        };
    };
    listProblems: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example # Problems */
                    "text/markdown": string;
                };
            };
            400: components["responses"]["malformed_request"];
            408: components["responses"]["request_timeout"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
        };
    };
    findProblem: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                code: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description When it is met, and what to do. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example ## forbidden
                     *
                     *     403: This is not allowed.
                     */
                    "text/markdown": string;
                };
            };
            400: components["responses"]["malformed_request"];
            404: components["responses"]["not_found"];
            408: components["responses"]["request_timeout"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
        };
    };
    listProducts: {
        parameters: {
            query?: {
                /** @description How many; more than 100 is taken as 100. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of products. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "sku": "MUG-01",
                     *           "name": "Mug",
                     *           "unitPrice": 1250,
                     *           "currency": "EUR",
                     *           "onHand": 1000,
                     *           "reserved": 2,
                     *           "available": 998
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        data: components["schemas"]["Product"][];
                        nextCursor: string | null;
                    };
                };
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request_timeout"];
            422: components["responses"]["invalid_query"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable"];
        };
    };
    findProduct: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what you have: if it is still so, the answer is a 304. */
                "If-None-Match"?: string;
            };
            path: {
                sku: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The product. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sku": "MUG-01",
                     *       "name": "Mug",
                     *       "unitPrice": 1250,
                     *       "currency": "EUR",
                     *       "onHand": 1000,
                     *       "reserved": 2,
                     *       "available": 998
                     *     }
                     */
                    "application/json": components["schemas"]["Product"];
                };
            };
            /** @description It is as you have it. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["malformed_request"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.product_not_found"];
            408: components["responses"]["request_timeout"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable"];
        };
    };
    putProduct: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                sku: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                    /** @description Of one unit, in minor units (cents). */
                    unitPrice: number;
                    currency: string;
                };
            };
        };
        responses: {
            /** @description It is changed, or was so already. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sku": "MUG-01",
                     *       "name": "Mug",
                     *       "unitPrice": 1250,
                     *       "currency": "EUR",
                     *       "onHand": 1000,
                     *       "reserved": 2,
                     *       "available": 998
                     *     }
                     */
                    "application/json": components["schemas"]["Product"];
                };
            };
            /** @description It is made; there is none on hand. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sku": "MUG-01",
                     *       "name": "Mug",
                     *       "unitPrice": 1250,
                     *       "currency": "EUR",
                     *       "onHand": 0,
                     *       "reserved": 0,
                     *       "available": 0
                     *     }
                     */
                    "application/json": components["schemas"]["Product"];
                };
            };
            400: components["responses"]["malformed_request.body_cut_off.body_not_json"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.product_not_found"];
            408: components["responses"]["request_timeout"];
            413: components["responses"]["body_too_large"];
            415: components["responses"]["body_not_json_type"];
            422: components["responses"]["invalid_body"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    receiveGoods: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                sku: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    quantity: number;
                };
            };
        };
        responses: {
            /** @description They are on hand. */
            201: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a20d4e-2116-73a4-ac27-ca1dece9e99f",
                     *       "sku": "MUG-01",
                     *       "quantity": 50,
                     *       "receivedAt": "2026-11-24T11:25:53.814Z"
                     *     }
                     */
                    "application/json": {
                        /** Format: uuid */
                        id: string;
                        sku: string;
                        quantity: number;
                        /** Format: date-time */
                        receivedAt: string;
                    };
                };
            };
            400: components["responses"]["malformed_request.body_cut_off.body_not_json.invalid_idempotency_key"];
            401: components["responses"]["token_needed.token_invalid"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found.product_not_found"];
            408: components["responses"]["request_timeout"];
            409: components["responses"]["request_in_progress.no_room"];
            413: components["responses"]["body_too_large"];
            415: components["responses"]["body_not_json_type"];
            422: components["responses"]["invalid_body.idempotency_key_reused"];
            429: components["responses"]["too_many_requests"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            503: components["responses"]["tokens_unavailable.too_many_requests_at_once.unavailable.outcome_unknown"];
        };
    };
    readyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It can. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true,
                     *       "checks": [
                     *         {
                     *           "name": "started",
                     *           "ok": true
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            400: components["responses"]["malformed_request"];
            408: components["responses"]["request_timeout"];
            431: components["responses"]["headers_too_large"];
            500: components["responses"]["internal_error"];
            /** @description It cannot. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": false,
                     *       "checks": [
                     *         {
                     *           "name": "order",
                     *           "ok": false,
                     *           "detail": "its database does not answer"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
}
