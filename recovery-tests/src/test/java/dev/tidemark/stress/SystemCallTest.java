package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.stress.SystemCalls.Call;
import dev.tidemark.wal.api.Durability;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** P1 as the kernel sees it: what was asked of it, in which order, before an append was acknowledged. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SystemCallTest {
    private static final long LONGEST_SECONDS = 240;

    @Test
    void syncedAppend_isWrittenAndForcedUnderADurableNameBeforeItIsAcknowledged() throws Exception {
        int appends = 60;
        List<Call> calls = trace(Durability.SYNCED, 16 << 10, appends);
        assertThat(segments(calls)).as("segments that were begun").hasSizeGreaterThan(3);
        for (int number = 0; number < appends; number++) {
            assertThat(whyNotDurable(calls, number)).as("append %d", number).isEmpty();
        }
    }

    @Test
    void writtenAppend_isNotTakenForADurableOne() throws Exception {
        int appends = 60;
        List<Call> calls = trace(Durability.WRITTEN, 1 << 20, appends);
        int notDurable = 0;
        for (int number = 0; number < appends; number++) {
            assertThat(writeOf(calls, number)).as("write of append %d", number).isPresent();
            notDurable += whyNotDurable(calls, number).isPresent() ? 1 : 0;
        }
        assertThat(notDurable).as("appends acknowledged before a force").isGreaterThan(appends / 2);
    }

    @Test
    void roundOnPrefilledSpace_costsOneWriteAndOneForce() throws Exception {
        int appends = 200;
        List<Call> calls = trace(Durability.SYNCED, 4 << 20, appends);
        int single = 0;
        for (int number = 1; number < appends; number++) {
            int from = acknowledgement(calls, number - 1).began();
            int to = acknowledgement(calls, number).began();
            long writes = count(calls, from, to, "pwrite64");
            long forces = count(calls, from, to, "fdatasync") + count(calls, from, to, "fsync");
            assertThat(writes).as("writes for append %d", number).isPositive();
            assertThat(forces).as("forces for append %d", number).isPositive();
            single += writes == 1 && forces == 1 ? 1 : 0;
        }
        // The others met the zeros that are written ahead, and forced, beside them.
        assertThat(single).as("appends that cost one write and one force").isGreaterThan(appends * 9 / 10);
        System.out.printf("system calls: %d of %d appends cost one pwrite64 and one fdatasync%n", single, appends - 1);
    }

    private static long count(List<Call> calls, int from, int to, String name) {
        return calls.stream()
                .filter(call -> call.name().equals(name) && call.began() > from && call.began() < to)
                .count();
    }

    private static List<String> segments(List<Call> calls) {
        return calls.stream()
                .filter(call -> call.name().equals("pwrite64") && call.file().endsWith(".seg"))
                .map(Call::file)
                .distinct()
                .toList();
    }

    // ---------------------------------------------------------------- the checker

    /** Why an append was not durable when it was acknowledged; empty if it was. */
    private static Optional<String> whyNotDurable(List<Call> calls, int number) {
        int acknowledged = acknowledgement(calls, number).began();
        Optional<Call> write = writeOf(calls, number);
        if (write.isEmpty()) {
            return Optional.of("no write of it was seen, acknowledged at line " + acknowledged);
        }
        if (write.get().ended() >= acknowledged) {
            return Optional.of("its write had not returned, acknowledged at line " + acknowledged + ": " + write.get());
        }
        String segment = write.get().file();
        if (!isForced(calls, segment, write.get().ended(), acknowledged)) {
            return Optional.of("no force of " + segment + " began after its write and ended before");
        }
        return whyNameIsNotDurable(calls, segment, acknowledged);
    }

    /** The name that leads to a segment: its own, or, for the first one, that of the directory it was created in. */
    private static Optional<String> whyNameIsNotDurable(List<Call> calls, String segment, int before) {
        String directory = parent(segment);
        Optional<Call> ownName = renameTo(calls, segment, before);
        Optional<Call> name = ownName.or(() -> renameTo(calls, directory, before));
        if (name.isEmpty()) {
            return Optional.of("neither " + segment + " nor its directory had its name");
        }
        String holder = ownName.isPresent() ? directory : parent(directory);
        if (!isForced(calls, holder, name.get().ended(), before)) {
            return Optional.of(holder + " was not forced after " + name.get());
        }
        String aside = firstPath(name.get());
        boolean isContentForced = calls.stream()
                .anyMatch(call -> isForce(call)
                        && call.file().startsWith(aside)
                        && call.ended() < name.get().began());
        return isContentForced ? Optional.empty() : Optional.of(aside + " was not forced before it was renamed");
    }

    private static boolean isForced(List<Call> calls, String file, int after, int before) {
        return calls.stream()
                .anyMatch(call ->
                        isForce(call) && call.file().equals(file) && call.began() > after && call.ended() < before);
    }

    private static boolean isForce(Call call) {
        return call.name().equals("fdatasync") || call.name().equals("fsync");
    }

    private static Optional<Call> renameTo(List<Call> calls, String path, int before) {
        return first(
                calls,
                call -> call.name().startsWith("rename")
                        && call.ended() < before
                        && call.arguments().contains("\"" + path + "\"")
                        && !firstPath(call).equals(path));
    }

    private static String firstPath(Call rename) {
        String arguments = rename.arguments();
        int from = arguments.indexOf('"') + 1;
        return arguments.substring(from, arguments.indexOf('"', from));
    }

    private static Optional<Call> writeOf(List<Call> calls, int number) {
        return first(
                calls,
                call -> call.name().equals("pwrite64")
                        && call.file().endsWith(".seg")
                        && call.arguments().contains(TracedChild.mark(number)));
    }

    private static Call acknowledgement(List<Call> calls, int number) {
        return first(
                        calls,
                        call -> call.name().equals("write")
                                && call.arguments().contains(TracedChild.acknowledgement(number)))
                .orElseThrow(() -> new AssertionError("append was not acknowledged: " + number));
    }

    private static Optional<Call> first(List<Call> calls, Predicate<Call> wanted) {
        return calls.stream().filter(wanted).findFirst();
    }

    private static String parent(String path) {
        return path.substring(0, path.lastIndexOf('/'));
    }

    // ---------------------------------------------------------------- the trace

    private static List<Call> trace(Durability durability, int segmentBytes, int appends) throws Exception {
        Tools.require("looking at system calls", "strace", "true");
        if (Tools.run("strace", "-f", "true").exitCode() != 0) {
            Tools.skip("looking at system calls needs a machine that lets processes be traced");
        }
        try (TestDirectory directory = TestDirectory.create()) {
            Path trace = directory.resolve("trace");
            // -s: the mark of an append stands behind the header of its frame, and that behind a proof frame or another
            // one; -y: the paths of descriptors.
            List<String> command = Stream.concat(
                            Stream.of(
                                    "strace",
                                    "-f",
                                    "-tt",
                                    "-y",
                                    "-s",
                                    "4096",
                                    "-e",
                                    "trace=pwrite64,fdatasync,fsync,rename,renameat,renameat2,write",
                                    "-e",
                                    "signal=none",
                                    "-o",
                                    trace.toString()),
                            ChildJvm.shortLived(
                                    "192m",
                                    TracedChild.class,
                                    directory.resolve("store").toString(),
                                    durability.name(),
                                    Integer.toString(segmentBytes),
                                    Integer.toString(appends))
                                    .stream())
                    .toList();
            Process process = new ProcessBuilder(new ArrayList<>(command))
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try {
                assertThat(process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)).isTrue();
                assertThat(process.exitValue())
                        .as("exit code of the traced process")
                        .isZero();
            } finally {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
            return SystemCalls.parse(Files.readAllLines(trace, StandardCharsets.ISO_8859_1))
                    .calls();
        }
    }
}
