package dev.tidemark.cli;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.Slices;
import dev.tidemark.wal.api.Truncation;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Gives up the newest records of a partition. */
@Command(
        name = "truncate",
        mixinStandardHelpOptions = true,
        description = {
            "Gives up the newest records of a partition, for good: the log ends at the offset, which the next append gets. Says before what goes, and asks.",
            "Opens the store for this process alone, but for --dry-run, which changes nothing. A backup before is the only way back."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal truncate --data data orders-0 --to 4096 --dry-run",
            "  wal truncate --data data orders-0 --to 4096",
            "  wal truncate --data data orders-0 --to-checkpoint verified --yes --json"
        })
final class TruncateCommand extends ConsoleCommand {
    /** Enough to learn at which frame the range begins. */
    private static final int ONE_FRAME = 1;

    @Mixin
    private final StoreOption store = new StoreOption();

    @Parameters(paramLabel = "PARTITION", description = "The partition, such as orders-0.")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private PartitionId partition;

    @ArgGroup(multiplicity = "1")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private Where where;

    @Option(names = "--dry-run", description = "Say what would go, and change nothing.")
    private boolean isDryRun;

    @Option(names = "--yes", description = "Do not ask.")
    private boolean isMeant;

    @Option(names = "--json", description = "Print one JSON object; needs --yes or --dry-run.")
    private boolean isJson;

    /** One of two ways to say it. */
    static final class Where {
        @Option(
                names = "--to",
                required = true,
                paramLabel = "OFFSET",
                description = "The log ends there afterwards: the record with this offset is the first that goes.")
        private @Nullable Long offset;

        @Option(
                names = "--to-checkpoint",
                required = true,
                paramLabel = "NAME",
                description = "The log ends where this checkpoint is.")
        private @Nullable String checkpoint;
    }

    /**
     * What goes, and what has to move.
     *
     * @param end where the log is to end
     * @param endBefore where it ends
     * @param moved the checkpoints behind the new end
     */
    private record Loss(long end, long endBefore, List<Map.Entry<String, Long>> moved) {

        boolean isNothing() {
            return end == endBefore;
        }

        long records() {
            return endBefore - end;
        }
    }

    TruncateCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() throws IOException {
        if (!isDryRun && !isMeant && (isJson || !console().canAsk())) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "USAGE",
                    "what is truncated is lost for good: look at it with --dry-run, then say --yes",
                    "see 'wal truncate --help'");
        }
        try (Wal wal = isDryRun ? store.openToRead() : store.openExistingToWrite(config -> config)) {
            LocalPartition log = StoreOption.existing(wal, partition);
            Loss loss = loss(log);
            if (!isJson) {
                tell(loss);
            }
            boolean isDone = !isDryRun
                    && !loss.isNothing()
                    && (isMeant
                            || console()
                                    .isAnsweredYes("truncate " + partition + "? What is truncated is lost for good."));
            if (isDone) {
                truncate(log, loss);
            } else if (isJson) {
                out().line(json(loss, 0, 0));
            } else if (!loss.isNothing()) {
                out().line("nothing was changed");
            }
        }
        return ExitCode.OK;
    }

    // ---------------------------------------------------------------- what is said before

    private Loss loss(LocalPartition log) {
        Map<String, Long> checkpoints = log.checkpoints();
        String name = where.checkpoint;
        Long end = name == null ? where.offset : checkpoints.get(name);
        if (end == null) {
            throw CheckpointCommand.unknown(partition, String.valueOf(name), checkpoints);
        }
        Ends ends = log.ends();
        if (end < ends.start() || end > ends.durable()) {
            throw new CommandFailure(
                    ExitCode.NOT_FOUND,
                    (end < ends.start() ? ErrorCode.OFFSET_TRIMMED : ErrorCode.OFFSET_BEYOND_END).name(),
                    "no such offset: partition=" + partition + " offset=" + end + " start=" + ends.start() + " end="
                            + ends.durable(),
                    "");
        }
        requireBetweenAppends(log, end);
        List<Map.Entry<String, Long>> moved = checkpoints.entrySet().stream()
                .filter(checkpoint -> checkpoint.getValue() > end)
                .sorted(Map.Entry.comparingByKey())
                .toList();
        return new Loss(end, ends.durable(), moved);
    }

    /** The log would refuse it anyway; but who is asked should be asked about what can be done. */
    private void requireBetweenAppends(LocalPartition log, long end) {
        if (end == log.ends().start() || end == log.ends().durable()) {
            return;
        }
        try (Slices frames = log.slices(end, ONE_FRAME)) {
            if (frames.bytes() > 0 && frames.firstOffset() < end) {
                throw new CommandFailure(
                        ExitCode.USAGE,
                        ErrorCode.ARGUMENT_INVALID.name(),
                        "the log cannot end in the middle of a batch: partition=" + partition + " offset=" + end
                                + " first=" + frames.firstOffset() + " end=" + frames.endOffset(),
                        "end it at " + frames.firstOffset() + " or " + frames.endOffset());
            }
        }
    }

    private void tell(Loss loss) {
        if (loss.isNothing()) {
            out().line(partition + " ends at " + loss.end() + ", as before");
            return;
        }
        out().line(partition + ": "
                + console().paint().yellow(Quantity.count(loss.records(), "record") + " to be given up")
                + ", offsets=" + loss.end() + ".." + loss.endBefore());
        loss.moved()
                .forEach(checkpoint -> out().line(
                                "    checkpoint %s at %d moves to %d",
                                checkpoint.getKey(), checkpoint.getValue(), loss.end()));
    }

    // ---------------------------------------------------------------- doing it

    private void truncate(LocalPartition log, Loss loss) {
        long bytesBefore = log.describe().fileBytes();
        int segmentsBefore = log.describe().segments().size();
        log.truncateAfter(loss.end(), Truncation.ALSO_OF_WHAT_IS_READABLE);
        int segments = segmentsBefore - log.describe().segments().size();
        long bytes = Math.max(0, bytesBefore - log.describe().fileBytes());
        if (isJson) {
            out().line(json(loss, segments, bytes));
        } else {
            out().line(partition + " ends at " + loss.end() + ": " + Quantity.count(loss.records(), "record")
                    + " given up, " + Quantity.count(segments, "segment") + " and " + Quantity.bytes(bytes)
                    + " freed");
        }
    }

    private String json(Loss loss, int segments, long bytes) {
        return new Json()
                .put("partition", partition.toString())
                .put("dryRun", isDryRun)
                .put("endBefore", loss.endBefore())
                .put("end", loss.end())
                .put("records", loss.records())
                .put("segments", segments)
                .put("bytes", bytes)
                .putEach(
                        "movedCheckpoints",
                        loss.moved(),
                        item -> item.json()
                                .put("checkpoint", item.value().getKey())
                                .put("offset", item.value().getValue()))
                .toString();
    }
}
