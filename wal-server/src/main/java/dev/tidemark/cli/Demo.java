package dev.tidemark.cli;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.RecoveryReport;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Timers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Appends in a child process, kills it in the middle, opens what it left, and compares. Tells a {@link DemoReport} each step as it is made.
 *
 * <p><b>Threads.</b> Confined to one thread; {@link #stop} may be called by any.
 */
final class Demo {
    /** A child that says nothing for so long is dead in all but name. */
    private static final Duration MAX_RUN = Duration.ofSeconds(60);

    private static final byte[] OWN_VALUE = "not one of theirs".getBytes(StandardCharsets.UTF_8);

    private final DemoPlan plan;
    private final Path directory;
    private final DemoReport report;
    private volatile Optional<DemoChild> child = Optional.empty();
    private volatile boolean isStopped;

    /** @param directory an empty directory, where everything is put */
    Demo(DemoPlan plan, Path directory, DemoReport report) {
        this.plan = plan;
        this.directory = directory;
        this.report = report;
    }

    /** Does all of it and says whether every promise held. */
    boolean run() throws IOException {
        Environment environment = Environment.real();
        report.disk(
                directory,
                environment.disk().volume(directory),
                ForceLatency.measure(environment.disk(), directory.resolve("force.tmp")));
        warmUp();
        DemoLedger ledger = new DemoLedger(plan);
        appendUntilKilled(ledger);
        List<String> problems = new ArrayList<>();
        long offsetAfter = reopen(ledger, problems);
        goOnUnlessStopped();
        problems.addAll(goOn(offsetAfter));
        report.verdict(problems);
        return problems.isEmpty();
    }

    /** Uses a small log once: what is measured later is recovery, and not this JVM loading half a thousand classes. */
    private void warmUp() {
        try (Wal wal = Wal.open(DemoWriterCommand.config(directory.resolve("warm-up")))) {
            LocalPartition partition = wal.partition(new PartitionId(DemoPlan.NAME, 0));
            partition.append(OWN_VALUE);
            try (Cursor cursor = partition.read(From.start())) {
                if (!cursor.next()) {
                    throw new CommandFailure(
                            ExitCode.FAILED, "DEMO_FAILED", "what was appended cannot be read: offset=0", "");
                }
            }
        }
    }

    /** Makes {@link #run} end soon, with a {@link StoppedException}. */
    void stop() {
        isStopped = true;
        child.ifPresent(DemoChild::kill);
    }

    private void goOnUnlessStopped() {
        if (isStopped) {
            throw new StoppedException();
        }
    }

    /** The demo was interrupted. */
    static final class StoppedException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private void appendUntilKilled(DemoLedger ledger) throws IOException {
        try (DemoChild started =
                DemoChild.start(directory.resolve("store"), directory.resolve("writer.log"), plan.seed())) {
            child = Optional.of(started);
            // A stop that came before had no child to kill.
            goOnUnlessStopped();
            report.started(plan, started.pid());
            Timers.Cancellable limit = Environment.real().timers().schedule(started::kill, MAX_RUN.toNanos());
            boolean isKilled = false;
            Optional<DemoMessage> message = DemoMessage.read(started.messages());
            while (message.isPresent()) {
                long now = System.nanoTime();
                ledger.add(message.get(), now);
                if (!isKilled && isTime(ledger, now)) {
                    isKilled = started.kill();
                }
                message = DemoMessage.read(started.messages());
            }
            limit.cancel();
            int exitCode = started.exitCode();
            goOnUnlessStopped();
            if (!isKilled) {
                throw new CommandFailure(
                        ExitCode.FAILED,
                        "DEMO_FAILED",
                        "the writing process ended by itself: exitCode=" + exitCode + " acknowledged="
                                + ledger.acknowledgedAppends() + " log=" + started.log(),
                        "");
            }
            report.killed(ledger, exitCode);
        }
    }

    /** In mid-stream: after the time, and while appends are under way. */
    private boolean isTime(DemoLedger ledger, long nowNanos) {
        return ledger.nanosSinceFirst(nowNanos) >= plan.runFor().toNanos()
                && ledger.acknowledgedAppends() >= plan.minAppends()
                && ledger.underWay() > 0;
    }

    /** Opens, reads everything, appends once more, and closes. Returns the offset of that append. */
    private long reopen(DemoLedger ledger, List<String> problems) {
        long startedNanos = System.nanoTime();
        try (Wal wal = Wal.open(DemoWriterCommand.config(directory.resolve("store")))) {
            report.reopened(wal.recovery(), System.nanoTime() - startedNanos);
            long readNanos = System.nanoTime();
            DemoCheck check = new DemoCheck(plan, ledger);
            check.read(wal);
            report.readBack(check, ledger, System.nanoTime() - readNanos);
            problems.addAll(check.problems());
            return wal.partition(new PartitionId(DemoPlan.NAME, 0)).append(OWN_VALUE);
        }
    }

    /** Opens once more, which must be clean by now. */
    private List<String> goOn(long offset) {
        try (Wal wal = Wal.open(DemoWriterCommand.config(directory.resolve("store")))) {
            RecoveryReport recovery = wal.recovery();
            report.goesOn(offset, recovery);
            return recovery.wasClean()
                    ? List.of()
                    : List.of("the store was closed, and does not open as closed: " + recovery.toJson());
        }
    }
}
