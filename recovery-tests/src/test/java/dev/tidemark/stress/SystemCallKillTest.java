package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Processes that are killed by the kernel's own hand, when they enter a chosen system call: the call is not made any more. */
@Timeout(value = 1, unit = TimeUnit.HOURS)
class SystemCallKillTest {

    /** A call, and how many of them one thread has made at most when it is killed in the next. */
    private record Target(String call, int most) {}

    /** The threads of a process count for themselves, so the numbers are low. */
    private static final List<Target> TARGETS = List.of(
            new Target("pwrite64", 30),
            new Target("fdatasync", 20),
            new Target("fsync", 3),
            new Target("rename", 3),
            new Target("ftruncate", 1));

    @Test
    void whatWasAcknowledgedBeforeADeadlySystemCall_isThere() throws Exception {
        String test = "killing at system calls";
        Tools.require(test, "strace", "true");
        if (Tools.run("strace", "-f", "true").exitCode() != 0) {
            Tools.skip(test + " needs a machine that lets processes be traced");
        }
        long seed = Long.getLong("tidemark.seed", new SecureRandom().nextInt(Integer.MAX_VALUE));
        Random random = new Random(seed);
        try (TestDirectory directory = TestDirectory.create()) {
            Path trace = directory.resolve("trace");
            KillHarness harness = new KillHarness(directory.resolve("store"), seed);
            try {
                // On a store that has its partitions: else they would all die while they make them.
                harness.run(1);
                int times = (int) StressBudget.number("tidemark.kills.calls", 1, 2, 40);
                for (int time = 0; time < times; time++) {
                    for (Target target : TARGETS) {
                        int number = 1 + random.nextInt(target.most);
                        harness.runUnder(strace(target.call, number, trace), entering(target));
                    }
                }
            } finally {
                System.out.println(harness.table());
            }
            for (Target target : TARGETS) {
                assertThat(harness.killedAt()).containsKey(entering(target));
            }
        }
    }

    private static String entering(Target target) {
        return "entering " + target.call;
    }

    private static List<String> strace(String call, int number, Path trace) {
        return List.of(
                "strace",
                "-f",
                "-qq",
                "-e",
                "trace=" + call,
                "-e",
                "inject=" + call + ":signal=SIGKILL:when=" + number,
                "-o",
                trace.toString());
    }
}
