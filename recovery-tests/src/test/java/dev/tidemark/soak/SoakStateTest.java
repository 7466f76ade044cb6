package dev.tidemark.soak;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.WalConfig;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a soak must notice. */
class SoakStateTest {
    private static final long SEED = 5;

    @TempDir
    Path directory;

    /** What a reader finds wrong with a partition that holds these records. */
    private List<String> problemsWith(byte[]... values) {
        SoakState state = new SoakState(1, 1);
        try (Wal wal = Wal.open(WalConfig.of(directory))) {
            LocalPartition log = wal.partition("soak", 0);
            for (byte[] value : values) {
                log.append(value);
            }
            state.allIsWritten();
            new SoakReader(state, log, 0, SEED).run();
        }
        return state.problems();
    }

    private static byte[] record(long number) {
        return new SoakPayload(0, 0, number).bytes(SEED);
    }

    @Test
    void recordsInOrder_areRight() {
        assertThat(problemsWith(record(0), record(1), record(2))).isEmpty();
    }

    @Test
    void missingRecord_isFound() {
        assertThat(problemsWith(record(0), record(2))).isNotEmpty();
    }

    @Test
    void recordThatComesTwice_isFound() {
        assertThat(problemsWith(record(0), record(0))).isNotEmpty();
    }

    @Test
    void changedByte_isFound() {
        byte[] changed = record(1);
        changed[changed.length - 1] ^= 1;
        assertThat(problemsWith(record(0), changed)).isNotEmpty();
    }

    @Test
    void shortStranger_isFound() {
        assertThat(problemsWith(record(0), new byte[3])).isNotEmpty();
    }

    @Test
    void whatHasGrown_isALeak() {
        Resources before = new Resources(20, 50, 1 << 20);

        assertThat(new Resources(25, 60, 2 << 20).leaksSince(before)).isEmpty();
        assertThat(new Resources(60, 50, 1 << 20).leaksSince(before))
                .singleElement()
                .asString()
                .startsWith("threads");
        assertThat(new Resources(20, 500, 1 << 20).leaksSince(before))
                .singleElement()
                .asString()
                .startsWith("open files");
        assertThat(new Resources(20, 50, 1 << 30).leaksSince(before))
                .singleElement()
                .asString()
                .startsWith("direct");
    }
}
