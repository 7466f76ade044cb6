package dev.tidemark.cli;

import dev.tidemark.wal.partition.VerifiedPartition;
import dev.tidemark.wal.partition.VerifyFinding;
import dev.tidemark.wal.partition.VerifyFinding.Severity;
import dev.tidemark.wal.partition.VerifyReport;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What {@code verify} found, for people: a row a partition, its findings below it, and a verdict. */
final class VerifyText {
    private static final String ROW = "%-24s %12s %12s %12s %9s %12s %10s  %-6s %s";

    private final Output out;
    private final Paint paint;

    VerifyText(Output out, Paint paint) {
        this.out = out;
        this.paint = paint;
    }

    void print(VerifyReport report) {
        report.storeFindings().forEach(this::finding);
        if (!report.partitions().isEmpty()) {
            out.line(paint.faint(String.format(
                    ROW, "partition", "start", "proven", "end", "segments", "frames", "bytes", "case", "")));
        }
        for (VerifiedPartition partition : report.partitions()) {
            row(partition);
            partition.findings().forEach(this::finding);
        }
        verdict(report);
    }

    private void row(VerifiedPartition partition) {
        String cases = partition.rows().stream().map(Enum::name).collect(Collectors.joining(" "));
        out.line(
                ROW,
                partition.partition(),
                partition.start(),
                partition.provenEnd(),
                partition.end(),
                partition.segments(),
                partition.frames(),
                Quantity.bytes(partition.fileBytes()),
                cases,
                worst(partition.findings()));
    }

    private String worst(List<VerifyFinding> findings) {
        return findings.stream()
                .map(VerifyFinding::severity)
                .min(Severity::compareTo)
                .map(this::painted)
                .orElseGet(() -> paint.green("ok"));
    }

    private void finding(VerifyFinding finding) {
        out.line("    " + painted(finding.severity()) + "  " + finding.message());
    }

    private String painted(Severity severity) {
        String name = severity.name().toLowerCase(Locale.ROOT);
        return switch (severity) {
            case DAMAGE, UNREADABLE, NEWER -> paint.red(name);
            case UNDECIDED -> paint.yellow(name);
            case NOTE -> name;
        };
    }

    private void verdict(VerifyReport report) {
        long bytes = report.partitions().stream()
                .mapToLong(VerifiedPartition::bytesRead)
                .sum();
        long records = report.partitions().stream()
                .mapToLong(VerifiedPartition::records)
                .sum();
        String read = Quantity.count(report.partitions().size(), "partition") + ", " + Quantity.count(records, "record")
                + ", " + Quantity.bytes(bytes) + " read in " + Quantity.nanos(report.nanos());
        out.newLine().line(paint.bold(verdictOf(report)) + " (" + read + ')');
    }

    private static String verdictOf(VerifyReport report) {
        if (report.worst().isEmpty()) {
            return "Nothing is wrong.";
        }
        return switch (report.worst().get()) {
            case DAMAGE -> "Acknowledged data are damaged.";
            case UNREADABLE -> "Something could not be read.";
            case NEWER -> "A newer version wrote some of it.";
            case UNDECIDED ->
                "Nothing is wrong but an undecided tail: torn or damaged, nobody can tell. Opening cuts it and keeps it aside.";
            case NOTE -> "Nothing is wrong with the data.";
        };
    }
}
