package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What a thousand partitions cost that nobody uses: time to open them, room on the disk, and wake-ups. The figures are printed;
 * how long opening takes is the machine's affair, that it is clean is ours.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class IdlePartitionsTest {
    private static final int PARTITIONS = 1_000;
    private static final long MOST_DISK_BYTES = 100L << 20;
    /** Longer than anything waits that ends by itself when it is idle, which is 5 s. */
    private static final long WINDOW_SECONDS = 7;

    private static final int MAX_WINDOWS = 8;

    @Test
    void thousandIdlePartitions_areOpenedCleanTakeLittleRoomAndWakeNobody() throws Exception {
        try (TestDirectory directory = TestDirectory.create()) {
            Path store = directory.resolve("store");
            try (Child first = new Child(store, 0, false)) {
                first.expect(IdleChild.STARTED);
                first.expect(IdleChild.OPEN);
                first.awaitEnd();
            }
            try (Child again = new Child(store, 1, true)) {
                again.expectLine(IdleChild.STARTED);
                Set<String> before = ThreadWakeUps.threads(again.pid());
                again.letGo();
                String opened = again.expect(IdleChild.OPEN);
                assertThat(opened).as("was the closing clean").endsWith("true");
                again.expectLine(IdleChild.IDLE);
                if (Files.isDirectory(Path.of("/proc/self/task"))) {
                    assertNobodyWakes(again, before);
                }
                long bytes = blocksOf(store);
                System.out.printf(
                        "idle partitions: %d opened after a clean close in %s ms, %.1f MiB on the disk with two appends each%n",
                        PARTITIONS, opened.split(" ")[1], bytes / (double) (1 << 20));
                assertThat(bytes).as("blocks on the disk").isLessThan(MOST_DISK_BYTES);
                again.letGo();
                again.awaitEnd();
            }
        }
    }

    /**
     * What is on its way when the child falls idle ends by itself, on a busy machine later. Whoever has something to do in each window will
     * have it in every one.
     */
    private static void assertNobodyWakes(Child child, Set<String> before) throws IOException, InterruptedException {
        Map<String, Long> atFirst = Map.of();
        Map<String, Long> inTheEnd = Map.of();
        for (int window = 0; window < MAX_WINDOWS && (window == 0 || !inTheEnd.equals(atFirst)); window++) {
            atFirst = ThreadWakeUps.count(child.pid(), before);
            assertThat(child.endsWithin(WINDOW_SECONDS)).as("ended by itself").isFalse();
            inTheEnd = ThreadWakeUps.count(child.pid(), before);
            System.out.printf(
                    "idle partitions: in %d s %s woke %s%n",
                    WINDOW_SECONDS, atFirst.keySet(), inTheEnd.equals(atFirst) ? "never" : "up");
        }
        assertThat(inTheEnd)
                .as("switches of each thread, %d s later", WINDOW_SECONDS)
                .isEqualTo(atFirst);
        assertThat(atFirst.keySet()).as("its timer is looked at").anyMatch(name -> name.endsWith("wal-timer"));
    }

    /** In blocks that the file system really took. */
    private static long blocksOf(Path store) throws IOException, InterruptedException {
        Tools.Ended du = Tools.run("du", "-s", "-k", store.toString());
        assertThat(du.exitCode()).as(du.output()).isZero();
        return Long.parseLong(du.output().split("\\s")[0]) << 10;
    }

    private static final class Child implements AutoCloseable {
        private final Process process;
        private final BufferedReader said;

        Child(Path store, long offset, boolean isToStay) throws IOException {
            process = new ProcessBuilder(ChildJvm.shortLived(
                            "192m",
                            IdleChild.class,
                            store.toString(),
                            Integer.toString(PARTITIONS),
                            Long.toString(offset),
                            Boolean.toString(isToStay)))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            said = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
        }

        long pid() {
            return process.pid();
        }

        /** What it says next, which begins with this word; it waits to be let go. */
        String expectLine(String word) throws IOException {
            String line = said.readLine();
            assertThat(line).as("what the child says").isNotNull().startsWith(word);
            return line;
        }

        String expect(String word) throws IOException {
            String line = expectLine(word);
            letGo();
            return line;
        }

        void letGo() throws IOException {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
        }

        boolean endsWithin(long seconds) throws InterruptedException {
            return process.waitFor(seconds, TimeUnit.SECONDS);
        }

        void awaitEnd() throws InterruptedException {
            assertThat(process.waitFor(120, TimeUnit.SECONDS))
                    .as("the child ended")
                    .isTrue();
            assertThat(process.exitValue()).as("its exit code").isZero();
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
