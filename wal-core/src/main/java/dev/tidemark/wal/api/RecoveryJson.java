package dev.tidemark.wal.api;

import java.util.stream.Collectors;

/** Prints a recovery report as JSON: few fields, no library. */
final class RecoveryJson {
    private RecoveryJson() {}

    static String of(RecoveryReport report) {
        return "{\"wasClean\":" + report.wasClean()
                + ",\"nanos\":" + report.nanos()
                + ",\"notes\":["
                + report.notes().stream().map(RecoveryJson::quoted).collect(Collectors.joining(","))
                + "],\"partitions\":["
                + report.partitions().stream().map(RecoveryJson::partition).collect(Collectors.joining(","))
                + "]}";
    }

    private static String partition(PartitionRecovery found) {
        return "{\"partition\":" + quoted(found.partition())
                + ",\"cases\":["
                + found.cases().stream().map(c -> quoted(c.name())).collect(Collectors.joining(","))
                + "],\"start\":" + found.start()
                + ",\"end\":" + found.end()
                + ",\"scannedBytes\":" + found.scannedBytes()
                + ",\"nanos\":" + found.nanos()
                + found.undecided().map(u -> ",\"undecided\":" + undecided(u)).orElse("")
                + found.quarantined()
                        .map(q -> ",\"quarantined\":" + quarantined(q))
                        .orElse("")
                + found.failure().map(f -> ",\"failure\":" + failure(f)).orElse("")
                + '}';
    }

    private static String undecided(PartitionRecovery.Undecided cut) {
        return "{\"file\":" + quoted(cut.file())
                + ",\"filePosition\":" + cut.filePosition()
                + ",\"bytes\":" + cut.bytes()
                + ",\"firstOffset\":" + cut.firstOffset()
                + ",\"endOffset\":" + cut.endOffset()
                + ",\"keptIn\":" + quoted(cut.keptIn()) + '}';
    }

    private static String quarantined(PartitionRecovery.Quarantined given) {
        return "{"
                + given.row().map(row -> "\"case\":" + quoted(row.name()) + ",").orElse("")
                + "\"why\":" + quoted(given.why())
                + ",\"lost\":["
                + given.lost().stream()
                        .map(lost ->
                                "{\"firstOffset\":" + lost.firstOffset() + ",\"endOffset\":" + lost.endOffset() + '}')
                        .collect(Collectors.joining(","))
                + "],\"keptIn\":["
                + given.keptIn().stream().map(RecoveryJson::quoted).collect(Collectors.joining(","))
                + "]}";
    }

    private static String failure(WalException failure) {
        String place = failure instanceof DamageException damaged ? ",\"damage\":" + damage(damaged.damage()) : "";
        return "{\"code\":" + quoted(failure.code().name())
                + ",\"remedy\":" + quoted(failure.remedy().name())
                + ",\"message\":" + quoted(String.valueOf(failure.getMessage())) + place + '}';
    }

    private static String damage(Damage damage) {
        return "{\"file\":" + quoted(damage.file())
                + ",\"filePosition\":" + damage.filePosition()
                + ",\"firstOffset\":" + damage.firstOffset()
                + ",\"endOffset\":" + damage.endOffset() + '}';
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                default -> {
                    if (c < 0x20) {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        return out.append('"').toString();
    }
}
