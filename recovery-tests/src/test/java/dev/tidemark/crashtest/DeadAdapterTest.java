package dev.tidemark.crashtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An adapter that does not do its part ends the test with a verdict of its own: nothing is said about the log, and nothing waits for ever. */
class DeadAdapterTest {
    private static final int UNTESTED = 12;

    @TempDir
    Path directory;

    private CrashTestRun kill(Class<?> adapter, Object... more) {
        Object[] args = new Object[8 + more.length];
        System.arraycopy(
                new Object[] {"--dir", directory, "--tests", "kill", "--seconds", 90, "--adapter", adapter.getName()},
                0,
                args,
                0,
                8);
        System.arraycopy(more, 0, args, 8, more.length);
        return CrashTestRun.of(args);
    }

    @ParameterizedTest
    @CsvSource({
        "Exits, the process ended by itself: exitCode=7",
        "PrintsGarbage, standard output is not ours alone",
        "ThrowsWhenItOpens, no log today",
        "ThrowsWhenItAppends, a class is missing",
    })
    void adapterThatFails_isNotTestedAndSaysWhy(String adapter, String reason) throws ClassNotFoundException {
        CrashTestRun run = kill(Class.forName(DeadAdapters.class.getName() + '$' + adapter));

        assertThat(run.exitCode()).as(run.all()).isEqualTo(UNTESTED);
        assertThat(run.out()).contains("kill    FAILED", reason, "verdict: untested", "shown:   nothing about crashes");
    }

    @ParameterizedTest
    @CsvSource({"HangsWhenItOpens", "HangsWhenItAppends"})
    void adapterThatHangs_isGivenUp(String adapter) throws ClassNotFoundException {
        CrashTestRun run = kill(Class.forName(DeadAdapters.class.getName() + '$' + adapter), "--patience", 1);

        assertThat(run.exitCode()).as(run.all()).isEqualTo(UNTESTED);
    }

    @Test
    void adapterThatReadsForEver_isGivenUp() {
        CrashTestRun run = kill(DeadAdapters.ReadsForEver.class, "--patience", 1);

        assertThat(run.exitCode()).as(run.all()).isEqualTo(UNTESTED);
    }

    @Test
    void adapterThatPrints_isTestedAllTheSame() {
        CrashTestRun run = kill(DeadAdapters.PrintsToSystemOut.class, "--kills", 1);

        assertThat(run.exitCode()).as(run.all()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "ThrowsWhenItIsMade, not configured",
        "WantsTooManyThreads, threads=1000000",
        "NoAdapter, does not implement",
    })
    void adapterThatCannotBeMade_isAWrongCall(String adapter, String reason) throws ClassNotFoundException {
        CrashTestRun run = kill(Class.forName(DeadAdapters.class.getName() + '$' + adapter));

        assertThat(run.exitCode()).as(run.all()).isEqualTo(2);
        assertThat(run.err()).contains("wal: ADAPTER_UNKNOWN ", reason);
    }
}
