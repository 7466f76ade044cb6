package dev.tidemark.server.status;

import dev.tidemark.server.status.PartitionQuery.BadQuestionException;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.RecoveryReport;
import dev.tidemark.wal.api.WalException;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the status page asks for, as JSON. However many look at it and however often, the partitions are surveyed at most once a second, and so seldom that this takes
 * no more than a twentieth of the time of one thread.
 *
 * <p><b>Threads.</b> That of the status pool; it ends when nobody asks, and another one takes its place, hence the lock. Everything here may block.
 */
public final class StatusAnswers {
    private static final long SHORTEST_NANOS = 1_000_000_000L;
    private static final int PAUSES_FOR_A_SURVEY = 20;
    private static final int MAX_TOLD = 50;
    private static final int MAX_LISTED = 200;

    private final StatusSource source;
    private final Counted counted;
    private final LongSupplier nanoTime;
    private final InstantSource clock;
    private final Instant started;
    private @Nullable Survey last;
    private long surveyNanos;

    /** With the meters of server and store, a clock that never goes back, and one that tells the time. What they are now is when the server began. */
    public StatusAnswers(StatusSource source, MeterRegistry meters, LongSupplier nanoTime, InstantSource clock) {
        this.source = source;
        this.counted = new Counted(meters);
        this.nanoTime = nanoTime;
        this.clock = clock;
        started = clock.instant();
    }

    /** An answer: the status of HTTP, and JSON. */
    public record Answer(int status, String json) {
        static Answer error(int status, String code, String message) {
            return new Answer(
                    status,
                    new JsonObject().put("error", code).put("message", message).toString());
        }
    }

    /**
     * The answer.
     *
     * @param question what follows {@code /status/api/}
     * @param parameters the first of each name
     */
    public synchronized Answer answer(String question, Map<String, String> parameters) {
        try {
            if (question.equals("overview")) {
                return ok(overview());
            }
            Optional<StatusSource.Store> store = source.store();
            if (store.isEmpty()) {
                return Answer.error(503, "SERVER_STARTING", "the store is not open");
            }
            return switch (question) {
                case "partitions" -> ok(list(store.get(), PartitionQuery.parse(parameters)));
                case "partition" -> one(store.get(), parameters.getOrDefault("name", ""));
                case "recovery" -> ok(recovery(store.get(), PartitionQuery.parse(parameters)));
                default -> Answer.error(404, "NOT_FOUND", "there is no such question");
            };
        } catch (BadQuestionException e) {
            return Answer.error(400, "ARGUMENT_INVALID", String.valueOf(e.getMessage()));
        } catch (WalException e) {
            return Answer.error(503, e.code().name(), String.valueOf(e.getMessage()));
        }
    }

    private static Answer ok(JsonObject json) {
        return new Answer(200, json.toString());
    }

    private Survey survey(StatusSource.Store store) {
        long now = nanoTime.getAsLong();
        Survey before = last;
        if (before != null && now - before.atNanos() < Math.max(SHORTEST_NANOS, PAUSES_FOR_A_SURVEY * surveyNanos)) {
            return before;
        }
        Survey taken = Survey.of(store, before == null ? Survey.NONE : before, now);
        surveyNanos = nanoTime.getAsLong() - now;
        last = taken;
        return taken;
    }

    // ---------------------------------------------------------------- all of it

    private JsonObject overview() {
        StatusSource.Server server = source.server();
        Runtime memory = Runtime.getRuntime();
        JsonObject json = new JsonObject()
                .put("state", server.state())
                .put("started", started.toEpochMilli())
                .put("now", clock.instant().toEpochMilli())
                .put("nanos", nanoTime.getAsLong())
                .put("recovered", server.recovered())
                .put("toRecover", server.toRecover())
                .put(
                        "network",
                        new JsonObject()
                                .put("connections", server.connections())
                                .put("subscriptions", server.subscriptions())
                                .put("inFlightBytes", server.inFlightBytes())
                                .put("requests", server.requests())
                                .put("errors", server.errors())
                                .put("receivedBytes", server.receivedBytes())
                                .put("sentBytes", server.sentBytes()))
                .put("log", counted.json())
                .put("heapUsedBytes", memory.totalMemory() - memory.freeMemory())
                .put("heapMaxBytes", memory.maxMemory());
        source.store().ifPresent(store -> addStore(json, store));
        return json;
    }

    private void addStore(JsonObject json, StatusSource.Store store) {
        List<Survey.Row> rows = survey(store).rows();
        List<Survey.Row> troubled = rows.stream().filter(Survey.Row::needsCare).toList();
        json.put("storeId", store.storeId())
                .put("partitions", rows.size())
                .put("segments", rows.stream().mapToLong(Survey.Row::segments).sum())
                .put("bytes", rows.stream().mapToLong(Survey.Row::bytes).sum())
                .put(
                        "checkpoints",
                        rows.stream().mapToLong(Survey.Row::checkpoints).sum());
        rows.stream()
                .filter(row -> row.lag() > 0)
                .max(Comparator.comparingLong(Survey.Row::lag))
                .ifPresent(row -> json.put(
                        "slowest",
                        new JsonObject()
                                .put("partition", row.name())
                                .put("checkpoint", row.slowest().orElseThrow().checkpoint())
                                .put("lag", row.lag())));
        json.put("failed", troubled.size())
                .put(
                        "failures",
                        troubled.stream()
                                .limit(MAX_TOLD)
                                .map(StatusAnswers::trouble)
                                .toList())
                .put("recovery", summary(store.recovery()));
    }

    private static JsonObject trouble(Survey.Row row) {
        JsonObject json = new JsonObject().put("partition", row.name());
        row.failure().ifPresent(failure -> addFailure(json, failure));
        return json;
    }

    private static void addFailure(JsonObject json, WalException failure) {
        json.put("code", failure.code().name())
                .put("message", String.valueOf(failure.getMessage()))
                .put("whatToDo", WhatToDo.about(failure));
    }

    // ---------------------------------------------------------------- partitions

    private JsonObject list(StatusSource.Store store, PartitionQuery query) {
        Survey now = survey(store);
        PartitionQuery.Page page = query.of(now);
        return new JsonObject()
                .put("all", now.rows().size())
                .put("found", page.found())
                .put("offset", query.offset())
                .put("partitions", page.rows().stream().map(StatusAnswers::row).toList());
    }

    private static JsonObject row(Survey.Row row) {
        JsonObject json = new JsonObject()
                .put("name", row.name())
                .put("state", row.state().name().toLowerCase(Locale.ROOT))
                .put("needsCare", row.needsCare())
                .put("start", row.ends().start())
                .put("readable", row.ends().readable())
                .put("durable", row.ends().durable())
                .put("written", row.ends().written())
                .put("logEnd", row.ends().logEnd())
                .put("segments", row.segments())
                .put("bytes", row.bytes())
                .put("recordsPerSecond", row.recordsPerSecond())
                .put("checkpoints", row.checkpoints());
        row.slowest().ifPresent(lag -> json.put("lag", lag.records()).put("slowest", lag.checkpoint()));
        row.failure().ifPresent(failure -> addFailure(json, failure));
        return json;
    }

    /** From the survey, too, but for what only one partition can be asked for. */
    private Answer one(StatusSource.Store store, String name) {
        Survey.Row row = survey(store).byName().get(name);
        if (row == null) {
            return Answer.error(404, "PARTITION_UNKNOWN", "there is no such partition");
        }
        PartitionId id = row.id();
        long durable = row.ends().durable();
        JsonObject json = row(row).put(
                        "checkpointList",
                        store.checkpoints(id).entrySet().stream()
                                .sorted(Map.Entry.<String, Long>comparingByValue()
                                        .thenComparing(Map.Entry.comparingByKey()))
                                .limit(MAX_LISTED)
                                .map(entry -> new JsonObject()
                                        .put("name", entry.getKey())
                                        .put("offset", entry.getValue())
                                        .put("lag", Math.max(0, durable - entry.getValue())))
                                .toList())
                .put(
                        "losses",
                        store.losses(id).stream()
                                .limit(MAX_LISTED)
                                .map(loss -> new JsonObject()
                                        .put("firstOffset", loss.firstOffset())
                                        .put("endOffset", loss.endOffset())
                                        .put("reason", loss.reason())
                                        .put("at", loss.atMillis()))
                                .toList());
        store.recovery().partitions().stream()
                .filter(found -> found.partition().equals(name))
                .findFirst()
                .ifPresent(found -> json.put("recovery", recovered(found)));
        return ok(json);
    }

    // ---------------------------------------------------------------- recovery

    private static JsonObject summary(RecoveryReport report) {
        Map<RecoveryCase, Integer> cases = new EnumMap<>(RecoveryCase.class);
        for (PartitionRecovery found : report.partitions()) {
            found.cases().forEach(each -> cases.merge(each, 1, Integer::sum));
        }
        JsonObject counts = new JsonObject();
        cases.forEach((each, count) -> counts.put(each.name(), count));
        return new JsonObject()
                .put("wasClean", report.wasClean())
                .put("millis", report.nanos() / 1_000_000)
                .put("partitions", report.partitions().size())
                .put(
                        "scannedBytes",
                        report.partitions().stream()
                                .mapToLong(PartitionRecovery::scannedBytes)
                                .sum())
                .put(
                        "notable",
                        report.partitions().stream()
                                .filter(StatusAnswers::isNotable)
                                .count())
                .put("cases", counts)
                .putTexts("notes", report.notes().stream().limit(MAX_TOLD).toList());
    }

    /** Whether something was cut, given up or refused. */
    private static boolean isNotable(PartitionRecovery found) {
        return found.failure().isPresent()
                || found.undecided().isPresent()
                || found.quarantined().isPresent();
    }

    private static JsonObject recovery(StatusSource.Store store, PartitionQuery query) {
        List<PartitionRecovery> notable = store.recovery().partitions().stream()
                .filter(StatusAnswers::isNotable)
                .toList();
        return new JsonObject()
                .put("found", notable.size())
                .put("offset", query.offset())
                .put(
                        "partitions",
                        notable.stream()
                                .skip(query.offset())
                                .limit(query.limit())
                                .map(StatusAnswers::recovered)
                                .toList());
    }

    private static JsonObject recovered(PartitionRecovery found) {
        JsonObject json = new JsonObject()
                .put("partition", found.partition())
                .putTexts("cases", found.cases().stream().map(Enum::name).toList())
                .put("start", found.start())
                .put("end", found.end())
                .put("scannedBytes", found.scannedBytes())
                .put("millis", found.nanos() / 1e6);
        found.undecided()
                .ifPresent(cut -> json.put(
                        "undecided",
                        new JsonObject()
                                .put("firstOffset", cut.firstOffset())
                                .put("endOffset", cut.endOffset())
                                .put("bytes", cut.bytes())
                                .put("keptIn", cut.keptIn())));
        found.quarantined()
                .ifPresent(given -> json.put(
                        "quarantined",
                        new JsonObject()
                                .put("why", given.why())
                                .putTexts(
                                        "keptIn",
                                        given.keptIn().stream().limit(MAX_TOLD).toList())));
        found.failure().ifPresent(failure -> addFailure(json, failure));
        return json;
    }
}
