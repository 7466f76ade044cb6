package dev.tidemark.wal.api;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * How a store is opened. Immutable, and valid as a whole: {@link Builder#build()} lists every problem in one message.
 */
public final class WalConfig {
    /** Segment header, one frame's header and extension: what an append loses of a segment at the least. */
    private static final int SEGMENT_OVERHEAD_BYTES = 4096 + 96;
    /** Some large appends in one round share what a round costs. */
    private static final int MOST_ROUND_BYTES = 8 << 20;

    private final Path directory;
    private final Durability defaultDurability;
    private final long segmentBytes;
    private final Duration segmentAge;
    private final int maxAppendBytes;
    private final OptionalInt chosenRoundBytes;
    private final int maxRoundBytes;
    private final int maxRoundAppends;
    private final Duration maxLinger;
    private final Duration maxUnforcedAge;
    private final long maxUnforcedBytes;
    private final Duration proofDelay;
    private final Duration appendTimeout;
    private final Duration lockTimeout;
    private final Duration closeTimeout;
    private final Duration slowForce;
    private final long partitionQueueBytes;
    private final long storeQueueBytes;
    private final int flusherThreads;
    private final int recoveryThreads;
    private final int openFiles;
    private final int indexIntervalBytes;
    private final int maxProducers;
    private final Duration producerExpiry;
    private final long reserveBytes;
    private final boolean prefill;
    private final Retention retention;
    private final Duration retentionInterval;
    private final boolean readOnly;
    private final boolean createIfMissing;
    private final DamagePolicy damagePolicy;
    private final MeterRegistry meters;
    private final WalListener listener;
    private final @Nullable Executor completionExecutor;

    private WalConfig(Builder from) {
        directory = from.directory;
        defaultDurability = from.defaultDurability;
        segmentBytes = from.segmentBytes;
        segmentAge = from.segmentAge;
        maxAppendBytes = from.maxAppendBytes;
        chosenRoundBytes = from.maxRoundBytes;
        maxRoundBytes = from.roundBytes();
        maxRoundAppends = from.maxRoundAppends;
        maxLinger = from.maxLinger;
        maxUnforcedAge = from.maxUnforcedAge;
        maxUnforcedBytes = from.maxUnforcedBytes;
        proofDelay = from.proofDelay;
        appendTimeout = from.appendTimeout;
        lockTimeout = from.lockTimeout;
        closeTimeout = from.closeTimeout;
        slowForce = from.slowForce;
        partitionQueueBytes = from.partitionQueueBytes;
        storeQueueBytes = from.storeQueueBytes;
        flusherThreads = from.flusherThreads;
        recoveryThreads = from.recoveryThreads;
        openFiles = from.openFiles;
        indexIntervalBytes = from.indexIntervalBytes;
        maxProducers = from.maxProducers;
        producerExpiry = from.producerExpiry;
        reserveBytes = from.reserveBytes;
        prefill = from.prefill;
        retention = from.retention;
        retentionInterval = from.retentionInterval;
        readOnly = from.readOnly;
        createIfMissing = from.createIfMissing;
        damagePolicy = from.damagePolicy;
        meters = from.meters;
        listener = from.listener;
        completionExecutor = from.completionExecutor;
    }

    /** Starts from the defaults. */
    public static Builder builder(Path directory) {
        return new Builder(directory);
    }

    /** The defaults for this directory. */
    public static WalConfig of(Path directory) {
        return builder(directory).build();
    }

    /** A builder that starts from these values. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /** Where the store lies. */
    public Path directory() {
        return directory;
    }

    /** The durability of appends that do not choose one. Default {@code SYNCED}. Less is faster and loses acknowledged appends in a crash. */
    public Durability defaultDurability() {
        return defaultDurability;
    }

    /** The size at which a segment is sealed: 16 KiB to 1 GiB, default 128 MiB. Smaller ones free space sooner when trimming and are scanned sooner after a crash; each costs a few forces. */
    public long segmentBytes() {
        return segmentBytes;
    }

    /** The age at which a segment that is not empty is sealed, also in a quiet partition: 1 s to 36,500 days, default 7 days. */
    public Duration segmentAge() {
        return segmentAge;
    }

    /** The largest payload of one append: 1 to 67,108,864 bytes, default 8 MiB; never more than a segment holds. */
    public int maxAppendBytes() {
        return maxAppendBytes;
    }

    /** How much one round writes at most, but for a single larger append: 4 KiB to 64 MiB, default 8 MiB or, where that is less, {@link #partitionQueueBytes()}. More raises throughput on slow disks and the latency behind a large round. */
    public int maxRoundBytes() {
        return maxRoundBytes;
    }

    /** How many appends one round takes at most: 1 to 1,000,000, default 65,536. */
    public int maxRoundAppends() {
        return maxRoundAppends;
    }

    /** How long a round that is not full may wait for more before it is written: 0 to 1 s, default 0. Rounds grow with the load by themselves; a wait pays only on disks with slow forces. */
    public Duration maxLinger() {
        return maxLinger;
    }

    /** After this time, bytes that nobody waits for are forced in the background: 1 ms to 1 h, default 100 ms. */
    public Duration maxUnforcedAge() {
        return maxUnforcedAge;
    }

    /** At this many, bytes that nobody waits for are forced in the background: 4 KiB to 1 GiB, default 4 MiB. */
    public long maxUnforcedBytes() {
        return maxUnforcedBytes;
    }

    /** After this time without a round, the new durable end is noted in the log, where prepared space allows it: 1 ms to 1 h, default 100 ms. Shortens the range that recovery can only call undecided. */
    public Duration proofDelay() {
        return proofDelay;
    }

    /** The deadline of an append's waits, for room and for durability: 1 ms to 1 h, default 30 s. */
    public Duration appendTimeout() {
        return appendTimeout;
    }

    /** The deadline of a wait for an internal lock: 1 ms to 1 h, default 10 s. Locks are held for microseconds; this is reached only when a thread was stopped. */
    public Duration lockTimeout() {
        return lockTimeout;
    }

    /** The deadline of closing: 1 ms to 1 h, default 30 s. What is not done by then fails, and the next opening recovers. */
    public Duration closeTimeout() {
        return closeTimeout;
    }

    /** A force that takes longer is reported, while it hangs and afterwards: 1 ms to 1 h, default 1 s. */
    public Duration slowForce() {
        return slowForce;
    }

    /** How many bytes of appends one partition holds in memory, on their way to the disk: 64 KiB to 4 GiB, default 64 MiB. A caller that would pass it waits, then is refused. */
    public long partitionQueueBytes() {
        return partitionQueueBytes;
    }

    /** The same for all partitions together: 64 KiB to 64 GiB, default 256 MiB. It is direct memory: keep it below the JVM's limit for that. */
    public long storeQueueBytes() {
        return storeQueueBytes;
    }

    /** Threads that write and force for asynchronous appends: 1 to 64, default 4. More pays with many busy partitions on a disk that merges flushes. */
    public int flusherThreads() {
        return flusherThreads;
    }

    /** Threads that recover partitions when opening: 1 to 64, default 4. */
    public int recoveryThreads() {
        return recoveryThreads;
    }

    /** How many files are held open at most: 16 to 1,000,000, default 2,048, which leaves half of a usual limit to the rest of the process. Sealed segments and idle partitions are closed and reopened as needed. */
    public int openFiles() {
        return openFiles;
    }

    /** How much log lies between two entries of the sparse index: 512 bytes to 1 MiB, default 4 KiB. */
    public int indexIntervalBytes() {
        return indexIntervalBytes;
    }

    /** How many producers a partition remembers, to recognise what they repeat: 1 to 10,000, default 1,000. Each takes about 500 bytes of heap, and up to 200 in every seal. Where there are as many, a new one is refused until one has expired. */
    public int maxProducers() {
        return maxProducers;
    }

    /** How long a producer may be silent before it is forgotten: 1 s to 365 days, default 1 day. For so long a batch that is repeated is never written twice. */
    public Duration producerExpiry() {
        return producerExpiry;
    }

    /** Real blocks kept back, so that seals and metadata can be written on a full disk: 64 KiB to 1 GiB, default 4 MiB. */
    public long reserveBytes() {
        return reserveBytes;
    }

    /** Whether zeros are written ahead while rounds are small, so that a force need not commit metadata. Default true. Off, a partition takes no more space than its data. */
    public boolean prefill() {
        return prefill;
    }

    /** What may be trimmed without being asked for. Default: nothing. */
    public Retention retention() {
        return retention;
    }

    /** How often {@link #retention()} is applied to partitions that do not change segments: 1 s to 1 d, default 1 min. */
    public Duration retentionInterval() {
        return retentionInterval;
    }

    /** Whether the store is opened without its lock and without changing anything; what lies above the last proof is then served as unproven. Default false. */
    public boolean readOnly() {
        return readOnly;
    }

    /**
     * What is done with a partition whose acknowledged data are damaged: by default, {@code FAIL}, it is not opened. {@code QUARANTINE} trades the chance to
     * decide for a partition that goes on: what cannot be read is given up, and told to whoever reads there. Nothing is changed in a store that is opened read-only.
     */
    public DamagePolicy damagePolicy() {
        return damagePolicy;
    }

    /** Whether a directory that is absent or empty becomes a new store. Default true. */
    public boolean createIfMissing() {
        return createIfMissing;
    }

    /** Where meters are registered. Default: a registry that keeps nothing. */
    public MeterRegistry meters() {
        return meters;
    }

    /** Who hears of life events. Default: nobody. */
    public WalListener listener() {
        return listener;
    }

    /**
     * Where code that depends on an append's stages runs. Default: four threads of the store. What depends on appends of one
     * partition runs one after the other, wherever it runs. An executor that runs a task in the thread which hands it in
     * ({@code Runnable::run}, {@code CallerRunsPolicy}) runs it in the middle of a write: code that appends and waits there waits
     * for itself, until its deadline.
     */
    public Optional<Executor> completionExecutor() {
        return Optional.ofNullable(completionExecutor);
    }

    /** Collects the values; used by one thread. */
    public static final class Builder {
        private final Path directory;
        private Durability defaultDurability = Durability.SYNCED;
        private long segmentBytes = 128L << 20;
        private Duration segmentAge = Duration.ofDays(7);
        private int maxAppendBytes = 8 << 20;
        private OptionalInt maxRoundBytes = OptionalInt.empty();
        private int maxRoundAppends = 65_536;
        private Duration maxLinger = Duration.ZERO;
        private Duration maxUnforcedAge = Duration.ofMillis(100);
        private long maxUnforcedBytes = 4L << 20;
        private Duration proofDelay = Duration.ofMillis(100);
        private Duration appendTimeout = Duration.ofSeconds(30);
        private Duration lockTimeout = Duration.ofSeconds(10);
        private Duration closeTimeout = Duration.ofSeconds(30);
        private Duration slowForce = Duration.ofSeconds(1);
        private long partitionQueueBytes = 64L << 20;
        private long storeQueueBytes = 256L << 20;
        private int flusherThreads = 4;
        private int recoveryThreads = 4;
        private int openFiles = 2_048;
        private int indexIntervalBytes = 4 << 10;
        private int maxProducers = 1_000;
        private Duration producerExpiry = Duration.ofDays(1);
        private long reserveBytes = 4L << 20;
        private boolean prefill = true;
        private Retention retention = Retention.FOREVER;
        private Duration retentionInterval = Duration.ofMinutes(1);
        private boolean readOnly = false;
        private boolean createIfMissing = true;
        private DamagePolicy damagePolicy = DamagePolicy.FAIL;
        private MeterRegistry meters = new CompositeMeterRegistry();
        private WalListener listener = WalListener.NONE;
        private @Nullable Executor completionExecutor;

        private Builder(Path directory) {
            this.directory = Objects.requireNonNull(directory, "directory");
        }

        private Builder(WalConfig from) {
            directory = from.directory;
            defaultDurability = from.defaultDurability;
            segmentBytes = from.segmentBytes;
            segmentAge = from.segmentAge;
            maxAppendBytes = from.maxAppendBytes;
            maxRoundBytes = from.chosenRoundBytes;
            maxRoundAppends = from.maxRoundAppends;
            maxLinger = from.maxLinger;
            maxUnforcedAge = from.maxUnforcedAge;
            maxUnforcedBytes = from.maxUnforcedBytes;
            proofDelay = from.proofDelay;
            appendTimeout = from.appendTimeout;
            lockTimeout = from.lockTimeout;
            closeTimeout = from.closeTimeout;
            slowForce = from.slowForce;
            partitionQueueBytes = from.partitionQueueBytes;
            storeQueueBytes = from.storeQueueBytes;
            flusherThreads = from.flusherThreads;
            recoveryThreads = from.recoveryThreads;
            openFiles = from.openFiles;
            indexIntervalBytes = from.indexIntervalBytes;
            maxProducers = from.maxProducers;
            producerExpiry = from.producerExpiry;
            reserveBytes = from.reserveBytes;
            prefill = from.prefill;
            retention = from.retention;
            retentionInterval = from.retentionInterval;
            readOnly = from.readOnly;
            createIfMissing = from.createIfMissing;
            damagePolicy = from.damagePolicy;
            meters = from.meters;
            listener = from.listener;
            completionExecutor = from.completionExecutor;
        }

        /** See {@link WalConfig#defaultDurability()}. */
        public Builder defaultDurability(Durability value) {
            defaultDurability = Objects.requireNonNull(value, "defaultDurability");
            return this;
        }

        /** See {@link WalConfig#segmentBytes()}. */
        public Builder segmentBytes(long value) {
            segmentBytes = value;
            return this;
        }

        /** See {@link WalConfig#segmentAge()}. */
        public Builder segmentAge(Duration value) {
            segmentAge = Objects.requireNonNull(value, "segmentAge");
            return this;
        }

        /** See {@link WalConfig#maxAppendBytes()}. */
        public Builder maxAppendBytes(int value) {
            maxAppendBytes = value;
            return this;
        }

        /** See {@link WalConfig#maxRoundBytes()}. */
        public Builder maxRoundBytes(int value) {
            maxRoundBytes = OptionalInt.of(value);
            return this;
        }

        private int roundBytes() {
            return maxRoundBytes.orElse((int) Math.min(MOST_ROUND_BYTES, Math.max(4 << 10, partitionQueueBytes)));
        }

        /** See {@link WalConfig#maxRoundAppends()}. */
        public Builder maxRoundAppends(int value) {
            maxRoundAppends = value;
            return this;
        }

        /** See {@link WalConfig#maxLinger()}. */
        public Builder maxLinger(Duration value) {
            maxLinger = Objects.requireNonNull(value, "maxLinger");
            return this;
        }

        /** See {@link WalConfig#maxUnforcedAge()}. */
        public Builder maxUnforcedAge(Duration value) {
            maxUnforcedAge = Objects.requireNonNull(value, "maxUnforcedAge");
            return this;
        }

        /** See {@link WalConfig#maxUnforcedBytes()}. */
        public Builder maxUnforcedBytes(long value) {
            maxUnforcedBytes = value;
            return this;
        }

        /** See {@link WalConfig#proofDelay()}. */
        public Builder proofDelay(Duration value) {
            proofDelay = Objects.requireNonNull(value, "proofDelay");
            return this;
        }

        /** See {@link WalConfig#appendTimeout()}. */
        public Builder appendTimeout(Duration value) {
            appendTimeout = Objects.requireNonNull(value, "appendTimeout");
            return this;
        }

        /** See {@link WalConfig#lockTimeout()}. */
        public Builder lockTimeout(Duration value) {
            lockTimeout = Objects.requireNonNull(value, "lockTimeout");
            return this;
        }

        /** See {@link WalConfig#closeTimeout()}. */
        public Builder closeTimeout(Duration value) {
            closeTimeout = Objects.requireNonNull(value, "closeTimeout");
            return this;
        }

        /** See {@link WalConfig#slowForce()}. */
        public Builder slowForce(Duration value) {
            slowForce = Objects.requireNonNull(value, "slowForce");
            return this;
        }

        /** See {@link WalConfig#partitionQueueBytes()}. */
        public Builder partitionQueueBytes(long value) {
            partitionQueueBytes = value;
            return this;
        }

        /** See {@link WalConfig#storeQueueBytes()}. */
        public Builder storeQueueBytes(long value) {
            storeQueueBytes = value;
            return this;
        }

        /** See {@link WalConfig#flusherThreads()}. */
        public Builder flusherThreads(int value) {
            flusherThreads = value;
            return this;
        }

        /** See {@link WalConfig#recoveryThreads()}. */
        public Builder recoveryThreads(int value) {
            recoveryThreads = value;
            return this;
        }

        /** See {@link WalConfig#openFiles()}. */
        public Builder openFiles(int value) {
            openFiles = value;
            return this;
        }

        /** See {@link WalConfig#indexIntervalBytes()}. */
        public Builder indexIntervalBytes(int value) {
            indexIntervalBytes = value;
            return this;
        }

        /** See {@link WalConfig#maxProducers()}. */
        public Builder maxProducers(int value) {
            maxProducers = value;
            return this;
        }

        /** See {@link WalConfig#producerExpiry()}. */
        public Builder producerExpiry(Duration value) {
            producerExpiry = Objects.requireNonNull(value, "producerExpiry");
            return this;
        }

        /** See {@link WalConfig#reserveBytes()}. */
        public Builder reserveBytes(long value) {
            reserveBytes = value;
            return this;
        }

        /** See {@link WalConfig#prefill()}. */
        public Builder prefill(boolean value) {
            prefill = value;
            return this;
        }

        /** See {@link WalConfig#retention()}. */
        public Builder retention(Retention value) {
            retention = Objects.requireNonNull(value, "retention");
            return this;
        }

        /** See {@link WalConfig#retentionInterval()}. */
        public Builder retentionInterval(Duration value) {
            retentionInterval = Objects.requireNonNull(value, "retentionInterval");
            return this;
        }

        /** See {@link WalConfig#readOnly()}. */
        public Builder readOnly(boolean value) {
            readOnly = value;
            return this;
        }

        /** See {@link WalConfig#damagePolicy()}. */
        public Builder damagePolicy(DamagePolicy value) {
            damagePolicy = Objects.requireNonNull(value, "damagePolicy");
            return this;
        }

        /** See {@link WalConfig#createIfMissing()}. */
        public Builder createIfMissing(boolean value) {
            createIfMissing = value;
            return this;
        }

        /** See {@link WalConfig#meters()}. */
        public Builder meters(MeterRegistry value) {
            meters = Objects.requireNonNull(value, "meters");
            return this;
        }

        /** See {@link WalConfig#listener()}. */
        public Builder listener(WalListener value) {
            listener = Objects.requireNonNull(value, "listener");
            return this;
        }

        /** See {@link WalConfig#completionExecutor()}. */
        public Builder completionExecutor(Executor value) {
            completionExecutor = Objects.requireNonNull(value, "completionExecutor");
            return this;
        }

        /**
         * Checks everything.
         *
         * @throws InvalidCallException {@code CONFIG_INVALID}, with every problem
         */
        public WalConfig build() {
            List<String> problems = new ArrayList<>();
            check(
                    problems,
                    directory.getFileSystem() != FileSystems.getDefault(),
                    "directory={} must be on the file system of the operating system",
                    directory);
            check(
                    problems,
                    segmentBytes < 16 << 10 || segmentBytes > 1 << 30,
                    "segmentBytes={} must be 16384 to 1073741824",
                    segmentBytes);
            check(
                    problems,
                    segmentAge.compareTo(Duration.ofSeconds(1)) < 0
                            || segmentAge.compareTo(Duration.ofDays(36_500)) > 0,
                    "segmentAge={} must be PT1S to PT876000H",
                    segmentAge);
            check(
                    problems,
                    maxAppendBytes < 1 || maxAppendBytes > 64 << 20,
                    "maxAppendBytes={} must be 1 to 67108864",
                    maxAppendBytes);
            check(
                    problems,
                    roundBytes() < 4 << 10 || roundBytes() > 64 << 20,
                    "maxRoundBytes={} must be 4096 to 67108864",
                    roundBytes());
            check(
                    problems,
                    maxRoundAppends < 1 || maxRoundAppends > 1_000_000,
                    "maxRoundAppends={} must be 1 to 1000000",
                    maxRoundAppends);
            check(
                    problems,
                    maxLinger.isNegative() || maxLinger.compareTo(Duration.ofSeconds(1)) > 0,
                    "maxLinger={} must be PT0S to PT1S",
                    maxLinger);
            check(
                    problems,
                    maxUnforcedAge.compareTo(Duration.ofMillis(1)) < 0
                            || maxUnforcedAge.compareTo(Duration.ofHours(1)) > 0,
                    "maxUnforcedAge={} must be PT0.001S to PT1H",
                    maxUnforcedAge);
            check(
                    problems,
                    maxUnforcedBytes < 4 << 10 || maxUnforcedBytes > 1 << 30,
                    "maxUnforcedBytes={} must be 4096 to 1073741824",
                    maxUnforcedBytes);
            check(
                    problems,
                    proofDelay.compareTo(Duration.ofMillis(1)) < 0 || proofDelay.compareTo(Duration.ofHours(1)) > 0,
                    "proofDelay={} must be PT0.001S to PT1H",
                    proofDelay);
            check(
                    problems,
                    appendTimeout.compareTo(Duration.ofMillis(1)) < 0
                            || appendTimeout.compareTo(Duration.ofHours(1)) > 0,
                    "appendTimeout={} must be PT0.001S to PT1H",
                    appendTimeout);
            check(
                    problems,
                    lockTimeout.compareTo(Duration.ofMillis(1)) < 0 || lockTimeout.compareTo(Duration.ofHours(1)) > 0,
                    "lockTimeout={} must be PT0.001S to PT1H",
                    lockTimeout);
            check(
                    problems,
                    closeTimeout.compareTo(Duration.ofMillis(1)) < 0 || closeTimeout.compareTo(Duration.ofHours(1)) > 0,
                    "closeTimeout={} must be PT0.001S to PT1H",
                    closeTimeout);
            check(
                    problems,
                    slowForce.compareTo(Duration.ofMillis(1)) < 0 || slowForce.compareTo(Duration.ofHours(1)) > 0,
                    "slowForce={} must be PT0.001S to PT1H",
                    slowForce);
            check(
                    problems,
                    partitionQueueBytes < 64 << 10 || partitionQueueBytes > 4L << 30,
                    "partitionQueueBytes={} must be 65536 to 4294967296",
                    partitionQueueBytes);
            check(
                    problems,
                    storeQueueBytes < 64 << 10 || storeQueueBytes > 64L << 30,
                    "storeQueueBytes={} must be 65536 to 68719476736",
                    storeQueueBytes);
            check(
                    problems,
                    flusherThreads < 1 || flusherThreads > 64,
                    "flusherThreads={} must be 1 to 64",
                    flusherThreads);
            check(
                    problems,
                    recoveryThreads < 1 || recoveryThreads > 64,
                    "recoveryThreads={} must be 1 to 64",
                    recoveryThreads);
            check(problems, openFiles < 16 || openFiles > 1_000_000, "openFiles={} must be 16 to 1000000", openFiles);
            check(
                    problems,
                    indexIntervalBytes < 512 || indexIntervalBytes > 1 << 20,
                    "indexIntervalBytes={} must be 512 to 1048576",
                    indexIntervalBytes);
            check(
                    problems,
                    maxProducers < 1 || maxProducers > 10_000,
                    "maxProducers={} must be 1 to 10000",
                    maxProducers);
            check(
                    problems,
                    producerExpiry.compareTo(Duration.ofSeconds(1)) < 0
                            || producerExpiry.compareTo(Duration.ofDays(365)) > 0,
                    "producerExpiry={} must be PT1S to PT8760H",
                    producerExpiry);
            check(
                    problems,
                    reserveBytes < 64 << 10 || reserveBytes > 1 << 30,
                    "reserveBytes={} must be 65536 to 1073741824",
                    reserveBytes);
            check(
                    problems,
                    retentionInterval.compareTo(Duration.ofSeconds(1)) < 0
                            || retentionInterval.compareTo(Duration.ofDays(1)) > 0,
                    "retentionInterval={} must be PT1S to PT24H",
                    retentionInterval);
            check(
                    problems,
                    partitionQueueBytes > storeQueueBytes,
                    "partitionQueueBytes={} must not exceed storeQueueBytes",
                    partitionQueueBytes);
            check(
                    problems,
                    roundBytes() > partitionQueueBytes,
                    "maxRoundBytes={} must not exceed partitionQueueBytes",
                    roundBytes());
            if (!problems.isEmpty()) {
                throw new InvalidCallException(
                        ErrorCode.CONFIG_INVALID,
                        problems.size() + (problems.size() == 1 ? " problem" : " problems") + " in the configuration: "
                                + String.join("; ", problems));
            }
            return new WalConfig(this);
        }

        private static void check(List<String> problems, boolean isWrong, String message, Object value) {
            if (isWrong) {
                problems.add(message.replace("{}", value.toString()));
            }
        }
    }

    /** The largest payload that one append can have here, with {@link #maxAppendBytes()} and the segment's size. */
    public int largestAppendBytes() {
        return (int) Math.min(maxAppendBytes, segmentBytes - SEGMENT_OVERHEAD_BYTES);
    }
}
