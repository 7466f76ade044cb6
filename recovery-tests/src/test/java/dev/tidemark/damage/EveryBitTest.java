package dev.tidemark.damage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.crash.AllProcessors;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every bit of a small store is flipped, one at a time, and somebody notices: who opens it, who reads it, or who verifies it. */
@Tag("little-memory")
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class EveryBitTest {
    private static final int STORE_BYTES = 8 << 10;
    private static final int HEADER_BYTES = 4096;

    /** What may be damaged without anybody noticing, and why. {@code docs/format.md} says the same. */
    private static final Map<FileKind, String> NOBODY_NOTICES = Map.of(
            FileKind.RESERVE, "its blocks count, what is in them means nothing",
            FileKind.LOCK, "it is empty: the lock is on the file, not in it",
            FileKind.OWNER, "three lines for people, nothing is decided by them");

    private static final int RESERVE_STRIDE_BITS = 8_191;

    /** What opening refuses need not be verified as well each time. */
    private static final int VERIFIED_ONE_IN = 13;

    @Test
    void everyBitOfAStoreThatWasClosed_isNoticed() throws Exception {
        Specimen store = SmallStore.make(false, 1, SmallStore.Ending.CLOSED);
        assertThat(store.bytes() - store.files().get(Path.of("RESERVE")).length).isLessThanOrEqualTo(STORE_BYTES);

        Count count = flipAll(store, headerStride());

        count.print("closed, " + store.files().keySet());
        assertThat(count.unnoticed).isEmpty();
        assertThat(count.of(Outcome.PARTITION_REFUSED)).isPositive();
        assertThat(count.of(Outcome.READ_ERROR)).isPositive();
        assertThat(count.of(Outcome.NOTED)).as("padding").isPositive();
    }

    @Test
    void everyBitBelowTheLastProofOfAKilledStore_isNoticed() throws Exception {
        Specimen store = SmallStore.make(false, 1, SmallStore.Ending.KILLED);

        Count count = flipAll(store, headerStride());

        count.print("killed, " + store.files().keySet());
        assertThat(count.unnoticed).isEmpty();
        assertThat(count.of(Outcome.PARTITION_REFUSED)).isPositive();
        assertThat(count.of(Outcome.UNDECIDED)).as("above the last proof").isPositive();
    }

    /** In headers nearly every byte is zero, and in prepared space every one: of these a few of each will do here. */
    @Test
    void bitsOfSealedSegmentsIndexesAndPreparedSpace_areNoticed() throws Exception {
        Specimen store = SmallStore.make(true, 2, SmallStore.Ending.CLOSED);
        assertThat(store.files(FileKind.INDEX)).isNotEmpty();
        assertThat(store.files(FileKind.SEALED)).isNotEmpty();

        Count count = flipAll(store, 211);

        count.print("sealed, " + store.files().keySet());
        assertThat(count.unnoticed).isEmpty();
        assertThat(count.of(Outcome.VERIFY_DAMAGE)).as("seal").isPositive();
        assertThat(count.of(Outcome.NOTED)).as("index, zeros behind the end").isPositive();
    }

    private static int headerStride() {
        return System.getProperty("tidemark.budget", "normal").equals("short") ? 31 : 1;
    }

    private record Bit(Path file, long number) {}

    private static Count flipAll(Specimen store, int strideInHeaders) throws InterruptedException {
        List<Bit> bits = new ArrayList<>();
        for (Map.Entry<Path, byte[]> file : store.files().entrySet()) {
            FileKind kind = store.kindOf(file.getKey());
            long bit = 0;
            while (bit < file.getValue().length * 8L) {
                bits.add(new Bit(file.getKey(), bit));
                bit += stride(store, file.getKey(), kind, bit / 8, strideInHeaders);
            }
        }
        Count count = new Count();
        AllProcessors.forEach(bits, bit -> flip(store, bit.file(), bit.number(), count));
        return count;
    }

    private static int stride(Specimen store, Path file, FileKind kind, long at, int strideInHeaders) {
        if (NOBODY_NOTICES.containsKey(kind)) {
            return RESERVE_STRIDE_BITS;
        }
        boolean isPlain = store.anatomy(file)
                .map(segment -> at < HEADER_BYTES || at >= segment.end())
                .orElse(false);
        return isPlain ? strideInHeaders : 1;
    }

    private static void flip(Specimen store, Path file, long bit, Count count) {
        SimulatedDisk disk = store.copy();
        disk.flipBit(Specimen.DATA.resolve(file), bit);
        NavigableMap<Path, byte[]> files = new TreeMap<>(store.files());
        files.put(file, disk.contents(Specimen.DATA.resolve(file)));
        FileKind kind = store.kindOf(file);
        Injury injury = new Injury(InjuryKind.FLIPPED_BIT, kind, "bit " + bit, Set.of(file), files);
        Judge judge = new Judge(store, injury, disk, new SplittableRandom(bit));
        try {
            judge.lookOnly();
            boolean isRefused = judge.verdict().outcome().compareTo(Outcome.PARTITION_REFUSED) <= 0;
            if (!isRefused || bit % VERIFIED_ONE_IN == 0) {
                judge.verify();
            }
        } catch (AssertionError e) {
            throw new AssertionError("bit " + bit + " of " + file + ": " + e.getMessage(), e);
        }
        Outcome outcome = judge.verdict().outcome();
        boolean isNoticed = outcome != Outcome.ALL_THERE && outcome != Outcome.SHORTER;
        count.add(kind, outcome);
        if (isNoticed == NOBODY_NOTICES.containsKey(kind) && isRequired(store, file, bit / 8)) {
            count.addUnnoticed(file + " bit " + bit + " outcome=" + outcome);
        }
    }

    /** After a clean close everything; of a killed store what something behind it says was durable. */
    private static boolean isRequired(Specimen store, Path file, long at) {
        Specimen.Log log = store.logs().values().iterator().next();
        if (log.isClean() || store.anatomy(file).isEmpty()) {
            return true;
        }
        long proven = store.anatomy(file).orElseThrow().frames().stream()
                .mapToLong(Anatomy.Frame::synced)
                .max()
                .orElse(0);
        return store.anatomy(file).orElseThrow().frames().stream()
                .filter(frame -> frame.offset() < proven)
                .anyMatch(frame -> at < frame.end());
    }

    /** How many bits were noticed by whom. For any threads, while it is counted. */
    private static final class Count {
        private final Map<FileKind, Map<Outcome, Integer>> counts = new EnumMap<>(FileKind.class);
        private final List<String> unnoticed = new ArrayList<>();

        synchronized void addUnnoticed(String bit) {
            unnoticed.add(bit);
        }

        synchronized void add(FileKind kind, Outcome outcome) {
            counts.computeIfAbsent(kind, file -> new EnumMap<>(Outcome.class)).merge(outcome, 1, Integer::sum);
        }

        int of(Outcome outcome) {
            return counts.values().stream()
                    .mapToInt(outcomes -> outcomes.getOrDefault(outcome, 0))
                    .sum();
        }

        void print(String store) {
            StringBuilder text = new StringBuilder("every bit of a store: ").append(store);
            counts.forEach((kind, outcomes) -> {
                text.append(String.format(Locale.ROOT, "%n  %-12s", kind.words()));
                outcomes.forEach((outcome, count) ->
                        text.append(String.format(Locale.ROOT, "  %s %,d", outcome.words(), count)));
            });
            System.out.println(text);
        }
    }
}
