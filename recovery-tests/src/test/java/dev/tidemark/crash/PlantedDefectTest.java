package dev.tidemark.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.tidemark.crash.LyingDisk.Lie;
import dev.tidemark.wal.io.Disk;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** The enumeration is tested itself: by stores that leave one right thing undone. */
class PlantedDefectTest {
    private static final int MAX_WORKLOADS = 60;

    @Test
    void segmentsAreNeverForced_isCaught() {
        assertCaught(Lie.SEGMENT_FORCE, 2_000);
    }

    @Test
    void appendsAreAcknowledgedBeforeTheForce_isCaught() {
        assertCaught(Lie.SEGMENT_FORCE_IN_TIME, 2_000);
    }

    @Test
    void newSegmentGetsItsNameBeforeItsHeaderIsForced_isCaught() {
        assertCaught(Lie.HEADER_FORCE, 10_000);
    }

    @Test
    void partitionFileIsReplacedByOneThatWasNotForced_isCaught() {
        assertCaught(Lie.METADATA_FORCE, 2_000);
    }

    @Test
    void directoriesAreNeverForced_isCaught() {
        assertCaught(Lie.DIRECTORY_FORCE, 2_000);
    }

    @Test
    void tailIsForcedAndServedWithoutBeingWrittenAgain_isCaught() {
        assertCaught(Lie.REWRITE, 40_000);
    }

    private static void assertCaught(Lie lie, long maxStates) {
        Tally tally = new Tally();
        UnaryOperator<Disk> lies = disk -> new LyingDisk(disk, lie);
        for (long seed = 1; seed <= MAX_WORKLOADS; seed++) {
            try {
                Enumeration.run(Workload.record(seed, lies), tally, lies);
            } catch (Oracle.Violation caught) {
                System.out.printf(
                        "%-24s caught after %,d states: %s%n",
                        lie,
                        tally.judged(),
                        caught.getMessage().lines().findFirst().orElse(""));
                assertThat(tally.judged()).as("states until caught").isLessThanOrEqualTo(maxStates);
                return;
            }
        }
        fail("not caught in %,d states: %s", tally.judged(), lie);
    }
}
