package dev.tidemark.crashtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Loss of power of logs that do not write through a disk of ours, by their recorded system calls. */
class RecordedPowerLossTest {
    @TempDir
    Path directory;

    @BeforeEach
    void needsStrace() throws IOException {
        Optional<String> whyNot = Strace.whyNot();
        if (whyNot.isPresent()) {
            System.out.println("skipped: recording system calls: " + whyNot.get());
            if ("true".equals(System.getenv("TIDEMARK_CI")) && whyNot.get().contains("not installed")) {
                Assertions.fail(whyNot.get());
            }
            Assumptions.abort(whyNot.get());
        }
    }

    /** A part of that is for loss of power, and at least twenty states. */
    private CrashTestRun run(Class<?> adapter, Object... more) {
        Object[] arguments = {"--dir", directory, "--adapter", adapter.getName(), "--tests", "power", "--seconds", 1};
        Object[] all = Arrays.copyOf(arguments, arguments.length + more.length);
        System.arraycopy(more, 0, all, arguments.length, more.length);
        return CrashTestRun.of(all);
    }

    @Test
    void logThatForcesItsAppendsAndItsName_holds() {
        CrashTestRun run = run(RecordedLogs.Careful.class);

        assertThat(run.exitCode()).as(run.all()).isZero();
        assertThat(run.out()).contains("power   held", "20 acknowledged appends", "loss of power on a simulated disk");
    }

    @Test
    void logThatDoesNotForceItsAppends_isCaught() {
        CrashTestRun run = run(RecordedLogs.Unforced.class);

        assertThat(run.exitCode()).as(run.all()).isEqualTo(11);
        assertThat(run.out()).contains("power   BROKEN", "acknowledged, and missing", "power lost behind call");
    }

    @Test
    void naiveLog_whichForcesItsAppendsAndNotTheNameOfItsFile_isCaught() {
        CrashTestRun run = run(NaiveAdapter.class);

        assertThat(run.exitCode()).as(run.all()).isEqualTo(11);
        assertThat(run.out()).contains("power   BROKEN", "acknowledged, and missing");
    }

    @Test
    void tidemarkOnTheRealDisk_holds() {
        CrashTestRun run = run(TidemarkAdapter.class, "--power", "recorded");

        assertThat(run.exitCode()).as(run.all()).isZero();
        assertThat(run.out()).contains("power   held", "80 acknowledged appends", "recorded calls");
    }

    @Test
    void logThatGathersBuffersInDurableWrites_holds() {
        CrashTestRun run = run(RecordedLogs.Gathering.class);

        assertThat(run.exitCode()).as(run.all()).isZero();
        assertThat(run.out()).contains("power   held", "20 acknowledged appends");
    }

    @Test
    void logThatWritesThroughAMapping_isToldThatItCannotBeRecorded() {
        CrashTestRun run = run(RecordedLogs.Mapping.class);

        assertThat(run.exitCode()).as(run.all()).isEqualTo(12);
        assertThat(run.out()).contains("power   not tested", "it writes through a mapping", "file=count");
    }
}
