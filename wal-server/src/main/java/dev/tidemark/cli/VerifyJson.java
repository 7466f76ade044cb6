package dev.tidemark.cli;

import dev.tidemark.wal.partition.VerifiedPartition;
import dev.tidemark.wal.partition.VerifyFinding;
import dev.tidemark.wal.partition.VerifyReport;
import java.util.stream.Collectors;

/** What {@code verify} found, for programs: an object a line, whose field {@code type} says what it is. */
final class VerifyJson {
    private VerifyJson() {}

    static void print(VerifyReport report, Output out) {
        for (VerifiedPartition partition : report.partitions()) {
            out.line(of(partition).toString());
        }
        for (VerifyFinding finding : report.findings()) {
            out.line(of(finding).toString());
        }
        out.line(new Json()
                .put("type", "summary")
                .put("worst", report.worst().map(Enum::name).orElse("OK"))
                .put("partitions", report.partitions().size())
                .put("findings", report.findings().size())
                .put("nanos", report.nanos())
                .toString());
    }

    private static Json of(VerifiedPartition partition) {
        String cases =
                partition.rows().stream().map(row -> Json.quoted(row.name())).collect(Collectors.joining(","));
        return new Json()
                .put("type", "partition")
                .put("partition", partition.partition())
                .raw("cases", '[' + cases + ']')
                .put("start", partition.start())
                .put("provenEnd", partition.provenEnd())
                .put("end", partition.end())
                .put("segments", partition.segments())
                .put("frames", partition.frames())
                .put("records", partition.records())
                .put("payloadBytes", partition.payloadBytes())
                .put("fileBytes", partition.fileBytes())
                .put("bytesRead", partition.bytesRead());
    }

    private static Json of(VerifyFinding finding) {
        Json json = new Json()
                .put("type", "finding")
                .put("severity", finding.severity().name())
                .put("partition", finding.partition())
                .put("file", finding.file());
        finding.row().ifPresent(row -> json.put("case", row.name()));
        // What is not known is left out: -1 would be taken for a position.
        if (finding.filePosition() >= 0) {
            json.put("filePosition", finding.filePosition());
        }
        if (finding.firstOffset() >= 0) {
            json.put("firstOffset", finding.firstOffset());
        }
        if (finding.endOffset() >= 0) {
            json.put("endOffset", finding.endOffset());
        }
        return json.put("message", finding.message());
    }
}
