package dev.tidemark.server;

import dev.tidemark.client.protocol.MessageKind;
import dev.tidemark.client.tls.TlsContext;
import dev.tidemark.server.status.StatusSource;
import dev.tidemark.wal.api.ErrorCode;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleSupplier;
import java.util.function.IntSupplier;

/**
 * What the server counts; every meter is looked up once, here.
 *
 * <p><b>Threads.</b> Any.
 */
final class ServerMeters {
    /** Why a connection has ended. */
    enum End {
        /** The other side closed it, or the network did. */
        PEER,
        /** There were too many, or they took too much memory. */
        LIMIT,
        /** There were too many from its address. */
        ADDRESS_LIMIT,
        /** There were too many that had not said hello. */
        STRANGER_LIMIT,
        /** No hello came in time. */
        HELLO,
        /** The hello was refused. */
        REFUSED,
        /** Nothing came for too long. */
        IDLE,
        /** Something came that is no message. */
        PROTOCOL,
        /** TLS has failed, or was spoken where there is none, or was not where there is. */
        TLS,
        /** It did not show who it is, or may not stay. */
        UNAUTHENTICATED,
        /** The server stops. */
        STOPPING,
        /** A mistake of ours. */
        ERROR
    }

    /** What a request was refused for. */
    enum Limit {
        /** Too many of its connection wait for their answers. */
        REQUESTS,
        /** Its identity has sent too many in a second. */
        RATE,
        /** There are as many partitions as clients may make. */
        PARTITIONS,
        /** Its connection has as many subscriptions as it may. */
        SUBSCRIPTIONS
    }

    private final MeterRegistry registry;
    private final Map<End, Counter> closed = new EnumMap<>(End.class);
    private final Map<MessageKind, Counter> requests = new EnumMap<>(MessageKind.class);
    private final Map<ErrorCode, Counter> errors = new EnumMap<>(ErrorCode.class);
    private final Map<Limit, Counter> refused = new EnumMap<>(Limit.class);
    private final Map<Pauses.Reason, Counter> paused = new EnumMap<>(Pauses.Reason.class);
    private final Map<TlsContext.Reload, Counter> tlsReloads = new EnumMap<>(TlsContext.Reload.class);
    private final Map<TlsContext.Reload, Counter> tokenReloads = new EnumMap<>(TlsContext.Reload.class);
    private final Counter auditLeftOut;
    private final Counter received;
    private final Counter framesFromFile;
    private final Counter framesFromMemory;
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger strangers = new AtomicInteger();
    private final AtomicInteger subscriptions = new AtomicInteger();
    private final AtomicLong inFlightBytes = new AtomicLong();
    private volatile DoubleSupplier certificateSeconds = () -> Double.NaN;

    ServerMeters(MeterRegistry registry) {
        this.registry = registry;
        for (End end : End.values()) {
            closed.put(end, counter(ServerMetricNames.CLOSED, end.name()));
        }
        for (MessageKind kind : MessageKind.values()) {
            if (kind.isRequest()) {
                requests.put(kind, counter(ServerMetricNames.REQUESTS, kind.name()));
            }
        }
        for (ErrorCode code : ErrorCode.values()) {
            errors.put(code, counter(ServerMetricNames.ERRORS, code.name()));
        }
        for (Pauses.Reason reason : Pauses.Reason.values()) {
            paused.put(reason, counter(ServerMetricNames.PAUSED, reason.name()));
        }
        for (Limit limit : Limit.values()) {
            refused.put(limit, counter(ServerMetricNames.REFUSED, limit.name()));
        }
        for (TlsContext.Reload reload : List.of(TlsContext.Reload.LOADED, TlsContext.Reload.REFUSED)) {
            tlsReloads.put(reload, counter(ServerMetricNames.TLS_RELOADS, reload.name()));
            tokenReloads.put(reload, counter(ServerMetricNames.TOKEN_RELOADS, reload.name()));
        }
        Gauge.builder(ServerMetricNames.CERTIFICATE.meter, () -> certificateSeconds.getAsDouble())
                .description(ServerMetricNames.CERTIFICATE.help)
                .strongReference(true)
                .register(registry);
        auditLeftOut = counter(ServerMetricNames.AUDIT_LEFT_OUT, "");
        received = counter(ServerMetricNames.RECEIVED, "");
        framesFromFile = counter(ServerMetricNames.FRAMES, "file");
        framesFromMemory = counter(ServerMetricNames.FRAMES, "memory");
        gauge(ServerMetricNames.CONNECTIONS, connections);
        gauge(ServerMetricNames.STRANGERS, strangers);
        gauge(ServerMetricNames.SUBSCRIPTIONS, subscriptions);
        gauge(ServerMetricNames.IN_FLIGHT, inFlightBytes);
    }

    private Counter counter(ServerMetricNames name, String tag) {
        Counter.Builder builder = Counter.builder(name.meter).description(name.help);
        return (name.tag.isEmpty() ? builder : builder.tag(name.tag, tag.toLowerCase(Locale.ROOT))).register(registry);
    }

    private void gauge(ServerMetricNames name, Number value) {
        Gauge.builder(name.meter, value, Number::doubleValue)
                .description(name.help)
                .register(registry);
    }

    void closed(End end) {
        count(closed, end);
    }

    AtomicInteger connections() {
        return connections;
    }

    AtomicInteger strangers() {
        return strangers;
    }

    void received(MessageKind kind, int bytes) {
        count(requests, kind);
        received.increment(bytes);
    }

    void tlsReload(TlsContext.Reload reload) {
        count(tlsReloads, reload);
    }

    void tokensReload(TlsContext.Reload reload) {
        count(tokenReloads, reload);
    }

    /** Says how long the certificate is still valid. */
    void certificate(DoubleSupplier secondsLeft) {
        certificateSeconds = secondsLeft;
    }

    void error(ErrorCode code) {
        count(errors, code);
    }

    void auditLeftOut() {
        auditLeftOut.increment();
    }

    void refused(Limit limit) {
        count(refused, limit);
    }

    void paused(Pauses.Reason reason) {
        count(paused, reason);
    }

    void frames(int bytes, boolean isFromFile) {
        (isFromFile ? framesFromFile : framesFromMemory).increment(bytes);
    }

    /** What the status page shows of it. */
    StatusSource.Server status(String state, int recovered, int toRecover) {
        return new StatusSource.Server(
                state,
                recovered,
                toRecover,
                connections.get(),
                subscriptions.get(),
                inFlightBytes.get(),
                sum(requests),
                sum(errors),
                received.count(),
                framesFromFile.count() + framesFromMemory.count());
    }

    private static double sum(Map<?, Counter> counters) {
        return counters.values().stream().mapToDouble(Counter::count).sum();
    }

    AtomicInteger subscriptions() {
        return subscriptions;
    }

    AtomicLong inFlightBytes() {
        return inFlightBytes;
    }

    private static <K extends Enum<K>> void count(Map<K, Counter> counters, K key) {
        Counter counter = counters.get(key);
        if (counter != null) {
            counter.increment();
        }
    }

    PoolMeters pool(String name, IntSupplier waiting) {
        Gauge.builder(ServerMetricNames.POOL_QUEUE.meter, waiting::getAsInt)
                .description(ServerMetricNames.POOL_QUEUE.help)
                .tag(ServerMetricNames.POOL_QUEUE.tag, name)
                .strongReference(true)
                .register(registry);
        return new PoolMeters(
                Timer.builder(ServerMetricNames.POOL.meter)
                        .description(ServerMetricNames.POOL.help)
                        .tag(ServerMetricNames.POOL.tag, name)
                        .register(registry),
                counter(ServerMetricNames.POOL_REFUSED, name));
    }

    /** What one pool counts. */
    record PoolMeters(Timer tasks, Counter refusals) {
        void took(long nanos) {
            tasks.record(nanos, TimeUnit.NANOSECONDS);
        }

        void refused() {
            refusals.increment();
        }
    }
}
