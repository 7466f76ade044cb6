package dev.tidemark.cli;

import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.RecoveryReport;
import dev.tidemark.wal.io.Volume;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Tells people what the demo does, step by step, and how it went. */
final class DemoReport {
    private final Output out;
    private final Paint paint;
    private final long startedNanos = System.nanoTime();

    DemoReport(Output out, Paint paint) {
        this.out = out;
        this.paint = paint;
    }

    void disk(Path directory, Volume volume, ForceLatency force) {
        out.line(paint.bold("wal demo") + "  what was acknowledged is there, in order, byte for byte, after a crash")
                .newLine();
        step("disk", directory + " (" + volume.type() + ')');
        more("a bare write of 4 KiB and its force: " + Quantity.nanos(force.medianNanos()) + " median, "
                + Quantity.nanos(force.p99Nanos()) + " p99, of " + ForceLatency.ROUNDS);
        if (volume.isVolatile()) {
            more(paint.yellow("this is memory: forces cost nothing and mean nothing here; see --dir"));
        }
    }

    void started(DemoPlan plan, long pid) {
        long waiting =
                plan.writers().stream().filter(DemoPlan.Writer::isWaiting).count();
        step(
                "append",
                "process " + pid + ": " + plan.writers().size() + " threads, " + plan.partitions()
                        + " partitions, values of 32 B to 2 KiB");
        more(
                waiting
                        + " threads wait for each durable append (one of them appends batches), the others keep many under way");
    }

    void killed(DemoLedger ledger, int exitCode) {
        LongList waited = ledger.waitedNanos();
        more(paint.bold(Quantity.rate(ledger.acknowledgedAppends(), ledger.nanos())) + ": "
                + Quantity.count(ledger.acknowledgedAppends()) + " durable appends acknowledged in "
                + Quantity.nanos(ledger.nanos()));
        more("one durable append, waited for: p50 " + Quantity.nanos(waited.quantile(0.5)) + ", p99 "
                + Quantity.nanos(waited.quantile(0.99)));
        step(
                "kill",
                "SIGKILL in mid-stream (exit code " + exitCode + "), " + Quantity.count(ledger.underWay(), "append")
                        + " under way");
    }

    void reopened(RecoveryReport recovery, long nanos) {
        long scanned = recovery.partitions().stream()
                .mapToLong(PartitionRecovery::scannedBytes)
                .sum();
        step(
                "reopen",
                "recovered in " + paint.bold(Quantity.nanos(nanos)) + ", " + Quantity.bytes(scanned)
                        + " scanned; found " + cases(recovery));
        for (PartitionRecovery found : recovery.partitions()) {
            found.undecided()
                    .ifPresent(cut -> more(found.partition() + ": a torn tail of " + Quantity.bytes(cut.bytes())
                            + " that was never acknowledged was cut at offset " + cut.firstOffset()));
            found.failure().ifPresent(failure -> more(paint.red(found.partition() + ": " + failure.getMessage())));
        }
    }

    void readBack(DemoCheck check, DemoLedger ledger, long nanos) {
        step(
                "read",
                Quantity.count(check.records(), "record") + ", " + Quantity.bytes(check.bytes()) + ", in "
                        + Quantity.nanos(nanos));
        more(Quantity.count(check.acknowledgedFound()) + " of " + Quantity.count(ledger.acknowledgedRecords())
                + " acknowledged records are there; " + Quantity.count(check.records() - check.acknowledgedFound())
                + " more were under way and had reached the disk");
    }

    void goesOn(long offset, RecoveryReport recovery) {
        step(
                "go on",
                "appended at offset " + Quantity.count(offset) + ", closed, opened again in "
                        + Quantity.nanos(recovery.nanos()) + (recovery.wasClean() ? ", clean" : ""));
    }

    void verdict(List<String> problems) {
        out.newLine();
        for (String problem : problems) {
            out.line("  " + paint.red("BROKEN") + "  " + problem);
        }
        if (problems.isEmpty()) {
            held("everything acknowledged is there, at its offset, in the order of submission");
            held("every byte is the one that was submitted, and every batch is whole");
            held("nothing is there that was not submitted");
        }
        String took = " (" + Quantity.nanos(System.nanoTime() - startedNanos) + ')';
        out.newLine()
                .line(
                        problems.isEmpty()
                                ? paint.bold("All of it held.") + took
                                : paint.red("A promise is broken.") + took);
    }

    private void held(String promise) {
        out.line("  " + paint.green("ok") + "  " + promise);
    }

    private void step(String name, String text) {
        out.line("  " + paint.bold(String.format("%-7s", name)) + ' ' + text).flush();
    }

    private void more(String text) {
        out.line("          " + text).flush();
    }

    /** How often each row of the recovery table applied: {@code R1 x3, R2 x1}. */
    static String cases(RecoveryReport recovery) {
        Map<RecoveryCase, Integer> counts = new EnumMap<>(RecoveryCase.class);
        recovery.partitions().forEach(found -> found.cases().forEach(row -> counts.merge(row, 1, Integer::sum)));
        return counts.entrySet().stream()
                .map(entry -> entry.getKey() + " x" + entry.getValue())
                .collect(Collectors.joining(", "));
    }
}
