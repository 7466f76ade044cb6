package dev.tidemark.server;

import dev.tidemark.server.status.StatusSource;
import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LostRange;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.RecoveryReport;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.metrics.MetricNames;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a server with thousands of partitions would tell of itself, without having them. Its time goes on by two seconds with every look at the server, and appends go on with it.
 *
 * <p><b>Threads.</b> Any.
 */
final class ManyPartitions implements StatusSource, StatusSource.Store {
    private static final List<String> NAMES = List.of(
            "orders", "payments", "inventory", "shipments", "customers", "audit.log", "clicks", "sensor-readings");
    private static final Instant BEGAN = Instant.parse("2026-03-01T08:00:00Z");
    private static final long LOOK_NANOS = Duration.ofSeconds(2).toNanos();

    /** How often all partitions were asked for. */
    final AtomicInteger surveys = new AtomicInteger();

    private final int count;
    private final MeterRegistry meters;
    private final AtomicLong looks = new AtomicLong();
    private volatile List<PartitionId> failed = List.of();
    private volatile Optional<WalException> why = Optional.empty();
    private volatile String hostile = "consumer";

    ManyPartitions(int count, MeterRegistry meters) {
        this.count = count;
        this.meters = meters;
        gauge(MetricNames.RESERVE_WHOLE, 1);
        gauge(MetricNames.FILES_OPEN, 2_048);
        gauge(MetricNames.QUEUE_BYTES, 3 << 20);
    }

    private void gauge(MetricNames name, int value) {
        Gauge.builder(name.meterName(), () -> value).strongReference(true).register(meters);
    }

    long nanoTime() {
        return looks.get() * LOOK_NANOS;
    }

    Instant instant() {
        return BEGAN.plusNanos(nanoTime());
    }

    /** Goes on by so much without a look. */
    void pass(Duration time) {
        looks.addAndGet(time.toNanos() / LOOK_NANOS);
    }

    /** These have stopped, one for a failed force, the others for damage. */
    void fail(PartitionId... ids) {
        failed = List.of(ids);
    }

    /** Whatever says why a partition has stopped, or names a checkpoint, says this. */
    void say(String text) {
        why = Optional.of(new UnavailableException(ErrorCode.PARTITION_FAILED, text));
        hostile = text;
    }

    @Override
    public Server server() {
        long look = looks.incrementAndGet();
        double wave = 1 + 0.35 * Math.sin(look / 9.0) + 0.12 * Math.sin(look / 2.3) + (look % 37 == 0 ? 0.8 : 0);
        double records = 2 * 41_000 * wave;
        meters.counter(MetricNames.APPEND_RECORDS.meterName()).increment(records);
        meters.counter(MetricNames.APPEND_BYTES.meterName()).increment(records * 310);
        for (int i = 0; i < 20; i++) {
            meters.timer(MetricNames.FORCE.meterName())
                    .record(Duration.ofNanos((long) (600_000 * (1.6 - 0.4 * wave) + 90_000 * (i % 5))));
        }
        return new Server(
                "serving", count, count, 312, 48, 1 << 20, look * 7_300.0 + 900 * wave, 3, look * 26e6, look * 71e6);
    }

    @Override
    public Optional<Store> store() {
        return Optional.of(this);
    }

    @Override
    public String storeId() {
        return "6f1d0c52-5a3e-4c0f-9d57-0b1f0a77c9e4";
    }

    private PartitionId id(int i) {
        return new PartitionId(NAMES.get(i % NAMES.size()), i / NAMES.size());
    }

    @Override
    public List<PartitionInfo> partitions() {
        surveys.incrementAndGet();
        List<PartitionInfo> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(info(i));
        }
        return all;
    }

    private static int segments(int i) {
        return 1 + i * 7 % 23;
    }

    private long durable(int i) {
        return i * 131L % 5_000 + 40_000L * segments(i) + (i % 3 == 0 ? looks.get() * (i % 41) : 0);
    }

    private PartitionInfo info(int i) {
        PartitionId id = id(i);
        int segments = segments(i);
        long start = i * 131L % 5_000;
        long durable = durable(i);
        boolean isFailed = failed.contains(id);
        long end = durable + (i % 11 == 0 && !isFailed ? i % 29 : 0);
        List<PartitionInfo.SegmentInfo> files = new ArrayList<>();
        for (int s = 0; s < segments; s++) {
            files.add(new PartitionInfo.SegmentInfo(s + ".seg", s, s + 1, 8 << 20, 8 << 20, s + 1 < segments));
        }
        return new PartitionInfo(
                id,
                isFailed ? LifeState.FAILED : LifeState.OPEN,
                new Ends(start, durable, durable, end, end),
                files,
                isFailed ? Optional.of(failure(id)) : Optional.empty());
    }

    private WalException failure(PartitionId id) {
        if (why.isPresent()) {
            return why.get();
        }
        if (id.equals(failed.get(0))) {
            return new UnavailableException(
                    ErrorCode.PARTITION_FAILED,
                    "an earlier force failed, so later writes cannot be trusted: partition=" + id
                            + " synced=8192; reopen to recover (Input/output error)");
        }
        return new DamageException(
                ErrorCode.SEGMENT_CORRUPT,
                "frame fails its checksum inside durable data: file=" + id
                        + "/00000000000000004096-00000002.seg at=73728 offset=5120 crcFound=0x1f02ab90 crcComputed=0x77c0de41; run 'wal verify', restore before reopening",
                new Damage(id.toString(), id + "/00000000000000004096-00000002.seg", 73_728, 5_120, 5_121),
                null);
    }

    @Override
    public Map<String, Long> checkpoints(PartitionId id) {
        if (id.number() % 4 != 0) {
            return Map.of();
        }
        long durable = durable(NAMES.size() * id.number() + NAMES.indexOf(id.name()));
        return Map.of("billing", durable - id.number() % 900, hostile, durable - 3L * (id.number() % 50));
    }

    @Override
    public List<LostRange> losses(PartitionId id) {
        return id.number() == 8 ? List.of(new LostRange(512, 600, "SEGMENT_CORRUPT", 1_770_000_000_000L)) : List.of();
    }

    @Override
    public RecoveryReport recovery() {
        List<PartitionRecovery> found = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            boolean isCut = i == 17;
            found.add(new PartitionRecovery(
                    id(i).toString(),
                    List.of(isCut ? RecoveryCase.R2 : RecoveryCase.R1),
                    0,
                    4_000,
                    20_480,
                    isCut
                            ? Optional.of(new PartitionRecovery.Undecided(
                                    "00000000000000000000-00000001.seg",
                                    20_480,
                                    512,
                                    4_000,
                                    4_003,
                                    id(i) + "/" + hostile + ".cut"))
                            : Optional.empty(),
                    Optional.empty(),
                    310_000));
        }
        return new RecoveryReport(false, found, List.of("RESERVE was rebuilt"), 1_840_000_000L);
    }
}
