package dev.tidemark.server;

/** Every meter of the server: its name, kind, tag and help. {@code docs/metrics.md} has the same list, and a test compares the two. */
enum ServerMetricNames {
    CONNECTIONS("wal.server.connections", Kind.GAUGE, "Connections that are open", ""),
    STRANGERS("wal.server.connections.strangers", Kind.GAUGE, "Connections that have not said hello", ""),
    CLOSED("wal.server.connections.closed", Kind.COUNTER, "Connections that have ended, by why", "reason"),
    REQUESTS("wal.server.requests", Kind.COUNTER, "Requests received, by kind", "kind"),
    ERRORS("wal.server.errors", Kind.COUNTER, "Errors sent to clients, by code", "code"),
    RECEIVED("wal.server.received.bytes", Kind.COUNTER, "Bytes of messages received", ""),
    FRAMES("wal.server.frames.bytes", Kind.COUNTER, "Bytes of frames sent, by how they went", "way"),
    IN_FLIGHT("wal.server.inflight.bytes", Kind.GAUGE, "Bytes of requests that have no answer yet", ""),
    SUBSCRIPTIONS("wal.server.subscriptions", Kind.GAUGE, "Subscriptions", ""),
    REFUSED("wal.server.refused", Kind.COUNTER, "Requests refused at a limit, by which", "limit"),
    PAUSED("wal.server.paused", Kind.COUNTER, "Times a connection was not read on, by why", "reason"),
    POOL("wal.server.pool", Kind.TIMER, "Tasks of a pool", "pool"),
    POOL_QUEUE("wal.server.pool.queue", Kind.GAUGE, "Tasks that wait for a thread of a pool", "pool"),
    POOL_REFUSED("wal.server.pool.refused", Kind.COUNTER, "Tasks refused because too many waited", "pool"),
    AUDIT_LEFT_OUT("wal.server.audit.left.out", Kind.COUNTER, "Refusals that were left out of the audit log", ""),
    TLS_RELOADS(
            "wal.server.tls.reloads",
            Kind.COUNTER,
            "Times the TLS files had changed, by what became of that",
            "result"),
    TOKEN_RELOADS(
            "wal.server.tokens.reloads",
            Kind.COUNTER,
            "Times the tokens or permissions had changed, by what became of that",
            "result"),
    CERTIFICATE(
            "wal.server.tls.certificate.seconds", Kind.GAUGE, "How long the server's certificate is still valid", "");

    /** What a meter is. */
    enum Kind {
        COUNTER,
        GAUGE,
        TIMER
    }

    final String meter;
    final Kind kind;
    final String help;
    final String tag;

    ServerMetricNames(String meter, Kind kind, String help, String tag) {
        this.meter = meter;
        this.kind = kind;
        this.help = help;
        this.tag = tag;
    }
}
