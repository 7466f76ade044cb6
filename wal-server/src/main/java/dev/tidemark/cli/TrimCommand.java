package dev.tidemark.cli;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.Retention;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Gives up the oldest records of a partition. */
@Command(
        name = "trim",
        mixinStandardHelpOptions = true,
        description = {
            "Gives up the oldest records of a partition, for good: up to an offset or a checkpoint, exactly;",
            "or whole segments, by what is to be kept. Opens the store for this process alone."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal trim --data data orders-0 --to 4096",
            "  wal trim --data data orders-0 --to-checkpoint billing",
            "  wal trim --data data orders-0 --max-age P7D --keep-checkpoints"
        })
final class TrimCommand extends ConsoleCommand {

    @Mixin
    private final StoreOption store = new StoreOption();

    @Parameters(paramLabel = "PARTITION", description = "The partition, such as orders-0.")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private PartitionId partition;

    @ArgGroup(multiplicity = "1")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private How how;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean isJson;

    /** One of three ways to say it. */
    static final class How {
        @Option(
                names = "--to",
                required = true,
                paramLabel = "OFFSET",
                description = "The log starts there afterwards.")
        private @Nullable Long offset;

        @Option(
                names = "--to-checkpoint",
                required = true,
                paramLabel = "NAME",
                description = "The log starts where this checkpoint is.")
        private @Nullable String checkpoint;

        @ArgGroup(exclusive = false)
        private @Nullable Keep keep;
    }

    /** What retention keeps. */
    static final class Keep {
        @Option(
                names = "--max-age",
                paramLabel = "DURATION",
                description = "Segments may go whose newest record is older, such as P7D or PT12H.")
        private @Nullable Duration maxAge;

        @Option(
                names = "--max-bytes",
                paramLabel = "N",
                description = "Segments may go behind which there are at least so many bytes.")
        private @Nullable Long maxBytes;

        @Option(names = "--keep-checkpoints", description = "No segment goes that a checkpoint lies in or before.")
        private boolean isKeepingCheckpoints;

        Retention retention() {
            Retention retention = Retention.FOREVER;
            if (maxAge != null) {
                retention = retention.withMaxAge(maxAge);
            }
            if (maxBytes != null) {
                retention = retention.withMaxBytes(maxBytes);
            }
            return isKeepingCheckpoints ? retention.keepingCheckpoints() : retention;
        }
    }

    TrimCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() {
        Keep keep = how.keep;
        try (Wal wal =
                store.openExistingToWrite(config -> keep == null ? config : config.retention(keep.retention()))) {
            LocalPartition log = StoreOption.existing(wal, partition);
            long before = log.ends().start();
            long bytesBefore = log.describe().fileBytes();
            int segmentsBefore = log.describe().segments().size();
            long start = trimmed(log);
            print(
                    before,
                    start,
                    segmentsBefore - log.describe().segments().size(),
                    bytesBefore - log.describe().fileBytes());
        }
        return ExitCode.OK;
    }

    private long trimmed(LocalPartition log) {
        if (how.keep != null) {
            return log.applyRetention();
        }
        String name = how.checkpoint;
        Long offset = name == null ? how.offset : log.checkpoints().get(name);
        if (offset == null) {
            throw CheckpointCommand.unknown(partition, String.valueOf(name), log.checkpoints());
        }
        return log.trimTo(offset);
    }

    private void print(long before, long start, int segments, long bytes) {
        if (isJson) {
            out().line(new Json()
                    .put("partition", partition.toString())
                    .put("startBefore", before)
                    .put("start", start)
                    .put("segments", segments)
                    .put("bytes", bytes)
                    .toString());
            return;
        }
        out().line(
                        start == before
                                ? partition + " starts at " + start + ", as before"
                                : partition + " starts at " + start + ": " + Quantity.count(start - before, "record")
                                        + " given up, " + Quantity.count(segments, "segment") + " and "
                                        + Quantity.bytes(bytes) + " freed");
    }
}
