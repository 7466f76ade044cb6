package dev.tidemark.damage;

import static dev.tidemark.damage.Specimen.DATA;

import dev.tidemark.crash.Payloads;
import dev.tidemark.crash.SteppedStore;
import dev.tidemark.crash.Submission;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * Makes a store by using it: appends of all kinds, rotations, processes that close it and processes that are killed. All of it follows
 * from the seed.
 *
 * <p>Two things the engine does not write yet, or not on demand, are put there by hand, as version 1 allows them: frames with a producer extension
 * behind the last good frame of a killed process, and half a frame where a write was torn.
 *
 * <p><b>Threads.</b> One.
 */
final class SpecimenMaker {

    /** How the last process ended. */
    private enum Ending {
        CLOSED,
        KILLED,
        TORN,
        POWER_LOST,
        IN_ROTATION
    }

    private static final int PRODUCER = 7;

    private final long seed;
    private final SplittableRandom random;
    private final ManualClock clock = new ManualClock();
    private final WalConfig config;
    private final int partitions;
    private final Map<PartitionId, NavigableMap<Long, Submission>> records = new HashMap<>();
    private final Map<PartitionId, NavigableMap<Long, Submission>> behindTornTail = new HashMap<>();
    private final Map<Path, List<byte[]>> earlier = new HashMap<>();
    private final List<String> shape = new ArrayList<>();

    private SimulatedDisk disk = new SimulatedDisk();
    private SteppedStore store;
    private Payloads payloads;

    private SpecimenMaker(long seed) {
        this.seed = seed;
        random = new SplittableRandom(seed);
        boolean isLarge = random.nextInt(8) == 0;
        partitions = 1 + random.nextInt(2);
        config = SteppedStore.stepped(WalConfig.builder(DATA))
                .reserveBytes(64 << 10)
                .segmentBytes(isLarge ? 256 << 10 : 16 << 10)
                .prefill(random.nextBoolean())
                .maxUnforcedBytes(random.nextBoolean() ? 4 << 10 : 4 << 20)
                .indexIntervalBytes(512)
                .openFiles(random.nextBoolean() ? 16 : 4_096)
                .build();
        shape.add(partitions + " partitions of " + (config.segmentBytes() >> 10) + " KiB");
        store = open();
        payloads = payloads();
    }

    /** The store of this seed. */
    static Specimen make(long seed) {
        try {
            return new SpecimenMaker(seed).make();
        } catch (IOException e) {
            throw new UncheckedIOException("a disk without faults failed: seed=" + seed, e);
        }
    }

    private Specimen make() throws IOException {
        use(8 + random.nextInt(30));
        remember();
        if (random.nextBoolean()) {
            shape.add("killed and used with producers");
            killed();
            addProducers();
            store = open();
            use(6 + random.nextInt(15));
            remember();
        }
        if (random.nextBoolean()) {
            shape.add("closed once");
            store.close();
            remember();
            store = open();
            use(1 + random.nextInt(20));
            remember();
        }
        if (random.nextInt(3) == 0) {
            shape.add("torn once");
            killed();
            tear();
            store = open();
            use(1 + random.nextInt(20));
            remember();
        }
        end(Ending.values()[random.nextInt(Ending.values().length)]);
        plantLeftovers();
        return specimen();
    }

    private SteppedStore open() {
        // Opening cuts what is behind a torn tail, and its offsets are given out again.
        behindTornTail.clear();
        SteppedStore opened = SteppedStore.open(disk, config, clock, random.nextLong());
        opened.engine().recovery().refused().forEach(refused -> {
            throw new AssertionError("a store that nobody damaged: " + refused);
        });
        return opened;
    }

    private Payloads payloads() {
        return new Payloads(disk, random, Math.min(120 << 10, config.largestAppendBytes()));
    }

    // ---- use

    private PartitionId id(int number) {
        return new PartitionId("p", number);
    }

    private Path directory(int number) {
        return DATA.resolve(id(number).toString());
    }

    private void use(int steps) {
        for (int i = 0; i < steps; i++) {
            int number = random.nextInt(partitions);
            append(number, random.nextInt(3) == 0 ? Durability.WRITTEN : Durability.SYNCED);
            clock.advance(Duration.ofMillis(random.nextInt(60)));
            if (random.nextInt(3) == 0) {
                store.settle();
            }
            if (random.nextInt(10) == 0) {
                store.engine().partition(id(number)).rotate();
            }
        }
        for (int number = 0; number < partitions; number++) {
            append(number, Durability.SYNCED);
            if (random.nextBoolean()) {
                // Reading makes an index file for each sealed segment that has none.
                readThrough(store.engine().partition(id(number)));
            }
        }
        store.settle();
    }

    private void append(int number, Durability durability) {
        LocalPartition partition = store.engine().partition(id(number));
        // Frames in payloads come from this log, or from the other one.
        AppendRequest request = payloads.next(durability, directory(random.nextInt(partitions)));
        Submission submission = new Submission(request, 0);
        submission.tookOffset(
                durability == Durability.SYNCED
                        ? partition.append(request)
                        : partition.enqueue(request).offset());
        took(number, submission);
    }

    private void took(int number, Submission submission) {
        records.computeIfAbsent(id(number), id -> new TreeMap<>()).put(submission.offset(), submission);
    }

    private static void readThrough(LocalPartition partition) {
        long last = -1;
        for (long at = 0;
                at < partition.ends().readable();
                at += 1 + partition.ends().readable() / 5) {
            try (Cursor cursor = partition.read(From.offset(at))) {
                last = cursor.next() ? cursor.offset() : last;
            }
        }
        if (last < 0 && partition.ends().readable() > 0) {
            throw new AssertionError("nothing could be read: " + partition.ends());
        }
    }

    /** What all files hold now: one day a disk may bring it back. */
    private void remember() {
        for (Path file : disk.files()) {
            byte[] bytes = disk.contents(file);
            List<byte[]> known = earlier.computeIfAbsent(DATA.relativize(file), path -> new ArrayList<>());
            if (known.isEmpty() || !Arrays.equals(known.get(known.size() - 1), bytes)) {
                known.add(bytes);
            }
        }
    }

    // ---- ends

    private void killed() {
        SimulatedDisk left = disk.copy();
        store.close();
        disk = left;
        payloads = payloads();
        forgetLost();
    }

    /** What was never written is gone with the process; the offsets are given out again. */
    private void forgetLost() {
        SimulatedDisk look = disk.copy();
        look.recordNothing();
        try (SteppedStore opened = SteppedStore.open(look, config, new ManualClock(), 1)) {
            records.forEach((id, held) -> {
                long end = opened.engine()
                        .find(id)
                        .map(found -> found.ends().logEnd())
                        .orElse(0L);
                NavigableMap<Long, Submission> lost = held.tailMap(end, true);
                behindTornTail.put(id, new TreeMap<>(lost));
                lost.clear();
            });
        }
    }

    private void end(Ending ending) throws IOException {
        shape.add(ending.toString());
        switch (ending) {
            case CLOSED -> store.close();
            case KILLED -> {
                appendsUnderWay();
                killed();
            }
            case TORN -> {
                appendsUnderWay();
                killed();
                tear();
            }
            case POWER_LOST -> inTheMiddleOf(this::appendsUnderWay, true);
            case IN_ROTATION ->
                inTheMiddleOf(
                        () -> store.engine()
                                .partition(id(random.nextInt(partitions)))
                                .rotate(),
                        random.nextBoolean());
        }
    }

    private void appendsUnderWay() {
        int appends = 1 + random.nextInt(6);
        for (int i = 0; i < appends; i++) {
            Durability durability = random.nextInt(4) == 0 ? Durability.SYNCED : Durability.WRITTEN;
            append(random.nextInt(partitions), durability);
            if (random.nextInt(3) == 0) {
                store.step();
            }
        }
    }

    private void inTheMiddleOf(Runnable work, boolean isPowerLoss) {
        disk.recordFromHere();
        long began = disk.operationCount();
        work.run();
        CrashStates states = disk.crashStates();
        long boundary = began + random.nextLong(disk.operationCount() - began + 1);
        states.advanceTo(boundary);
        SimulatedDisk left = isPowerLoss
                ? states.powerLoss(CrashPlan.random(random.nextLong()))
                : states.killedInNext(random.nextLong());
        store.close();
        disk = left;
        forgetLost();
    }

    // ---- by hand

    private Path newest(int number) {
        return disk.files().stream()
                .filter(file -> directory(number).equals(file.getParent()))
                .filter(file -> SegmentName.parseSegmentFile(file.getFileName().toString())
                        .isPresent())
                .max((one, other) -> Integer.compare(epochOf(one), epochOf(other)))
                .orElseThrow();
    }

    private static int epochOf(Path segment) {
        return SegmentName.parseSegmentFile(segment.getFileName().toString())
                .orElseThrow()
                .epoch();
    }

    /** The newest segment, if nothing but zeros lies behind its frames and nothing says that it ends there. */
    private Optional<Anatomy> open(int number) {
        byte[] bytes = disk.contents(newest(number));
        return Anatomy.of(bytes)
                .filter(segment -> isZeros(bytes, segment.end()))
                .filter(segment -> segment.endOffset() == end(number))
                .filter(segment -> segment.frames().stream().noneMatch(frame -> frame.kind() == FrameKind.SEAL));
    }

    private long end(int number) {
        NavigableMap<Long, Submission> held = records.getOrDefault(id(number), new TreeMap<>());
        return held.isEmpty() ? 0 : held.lastEntry().getValue().endOffset();
    }

    private static boolean isZeros(byte[] bytes, int from) {
        for (int i = from; i < bytes.length; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private void addProducers() {
        for (int number = 0; number < partitions; number++) {
            Optional<Anatomy> segment = open(number);
            if (segment.isPresent()) {
                addProducers(number, segment.get());
            }
        }
    }

    private void addProducers(int number, Anatomy segment) {
        byte[] bytes = segment.bytes();
        int at = segment.end();
        long offset = segment.endOffset();
        long millis = Math.max(clock.millis(), 1);
        int appends = 1 + random.nextInt(4);
        for (int i = 0; i < appends; i++) {
            byte[] value = new byte[random.nextInt(300)];
            random.nextBytes(value);
            ByteBuffer frame = frame(value, offset, millis, segment.header().salt(), at, segment.endOffset());
            bytes = put(bytes, at, frame.array());
            at += frame.capacity();
            Submission submission = new Submission(AppendRequest.of(value), 0);
            submission.tookOffset(offset++);
            took(number, submission);
        }
        disk.damage(newest(number), bytes);
    }

    private static ByteBuffer frame(byte[] value, long offset, long millis, int salt, int at, long synced) {
        CRC32C crc = new CRC32C();
        int bytes = FrameCodec.frameBytes(value.length, FrameCodec.PRODUCER_EXTENSION_BYTES);
        ByteBuffer frame = ByteBuffer.allocate(bytes);
        crc.update(value);
        long stamp = FrameCodec.stamp(millis, FrameKind.RAW, FrameCodec.PRODUCER_EXTENSION);
        FrameCodec.putHeader(frame, 0, value.length, offset, stamp, 1, (int) crc.getValue());
        FrameCodec.putProducer(frame, 0, PRODUCER, 1, offset);
        FrameCodec.finish(frame, 0, salt, at, synced, crc);
        frame.put(FrameCodec.payloadAt(frame, 0), value);
        return frame;
    }

    private static byte[] put(byte[] file, int at, byte[] bytes) {
        byte[] longer = Arrays.copyOf(file, Math.max(file.length, at + bytes.length));
        System.arraycopy(bytes, 0, longer, at, bytes.length);
        return longer;
    }

    /** The last write of the process got half of its bytes to the file. */
    private void tear() {
        for (int number = 0; number < partitions; number++) {
            Optional<Anatomy> found = open(number);
            if (found.isEmpty()) {
                continue;
            }
            Anatomy segment = found.get();
            byte[] value = new byte[100 + random.nextInt(2_000)];
            random.nextBytes(value);
            ByteBuffer frame = frame(
                    value,
                    segment.endOffset(),
                    Math.max(clock.millis(), 1),
                    segment.header().salt(),
                    segment.end(),
                    segment.header().name().baseOffset());
            byte[] half = Arrays.copyOf(frame.array(), 1 + random.nextInt(frame.capacity() - 16));
            disk.damage(newest(number), put(segment.bytes(), segment.end(), half));
        }
    }

    /** What dead processes may leave: a partition half made, one half deleted, files that were to get another name. */
    private void plantLeftovers() throws IOException {
        if (random.nextBoolean()) {
            return;
        }
        shape.add("leftovers");
        Path first = directory(0);
        for (String name :
                List.of(Names.createDirectory(random.nextLong()), Names.deleteDirectory(random.nextLong()))) {
            disk.createDirectory(DATA.resolve(name));
            for (Path file : disk.files()) {
                if (first.equals(file.getParent()) && random.nextBoolean()) {
                    disk.damage(DATA.resolve(name).resolve(file.getFileName()), disk.contents(file));
                }
            }
        }
        disk.damage(first.resolve(Names.aside(Names.PARTITION)), disk.contents(first.resolve(Names.PARTITION)));
        disk.damage(first.resolve(Names.nextSegment(random.nextLong())), new byte[16 << 10]);
        disk.damage(DATA.resolve(Names.OWNER), new byte[] {'p', 'i', 'd', '=', '1', '\n'});
    }

    // ---- what has become of it

    private Specimen specimen() {
        disk.recordNothing();
        SimulatedDisk look = disk.copy();
        look.recordNothing();
        List<PartitionId> undecided = new ArrayList<>();
        try (SteppedStore opened = SteppedStore.open(look, config, new ManualClock(), 1)) {
            for (PartitionRecovery found : opened.engine().recovery().partitions()) {
                PartitionId id = PartitionId.parse(found.partition());
                if (found.failure().isPresent() || found.end() != end(id.number())) {
                    throw new AssertionError("a store that nobody damaged: " + found + " expected=" + end(id.number()));
                }
                if (found.undecided().isPresent()) {
                    undecided.add(id);
                }
            }
        }
        Specimen.Origin origin = new Specimen.Origin(seed, String.join(", ", shape), config, earlier, behindTornTail);
        return new Specimen(origin, disk, records, undecided);
    }
}
