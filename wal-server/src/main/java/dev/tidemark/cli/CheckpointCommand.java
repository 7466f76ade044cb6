package dev.tidemark.cli;

import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.PartitionId;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows, sets and removes the named positions of a partition. */
@Command(
        name = "checkpoint",
        mixinStandardHelpOptions = true,
        description = {
            "Shows the checkpoints of a partition; sets one; or removes one.",
            "Showing reads only: the store may be in use. The others open it for this process alone, or ask a server."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal checkpoint --data data orders-0",
            "  wal checkpoint --data data orders-0 billing 4096",
            "  wal checkpoint --server localhost:7878 orders-0 billing 4096",
            "  wal checkpoint --data data orders-0 billing --remove"
        })
final class CheckpointCommand extends ConsoleCommand {

    @Mixin
    private final LogOption logs = new LogOption();

    @Parameters(index = "0", paramLabel = "PARTITION", description = "The partition, such as orders-0.")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private PartitionId partition;

    @Parameters(index = "1", arity = "0..1", paramLabel = "NAME", description = "The checkpoint.")
    private @Nullable String name;

    @Parameters(
            index = "2",
            arity = "0..1",
            paramLabel = "OFFSET",
            description = "Where to set it: at most the durable end.")
    private @Nullable Long offset;

    @Option(names = "--remove", description = "Remove it.")
    private boolean isRemoved;

    @Option(names = "--json", description = "Print an object a line.")
    private boolean isJson;

    CheckpointCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() {
        String wanted = name;
        if (isRemoved == (offset != null) && (isRemoved || wanted != null)) {
            throw new CommandFailure(
                    ExitCode.USAGE, "USAGE", "give NAME and OFFSET to set one, or NAME and --remove, or neither", "");
        }
        if (wanted == null) {
            if (isRemoved) {
                throw new CommandFailure(ExitCode.USAGE, "USAGE", "--remove needs NAME", "");
            }
            show();
        } else {
            change(wanted);
        }
        return ExitCode.OK;
    }

    private void show() {
        try (Logs open = logs.openToRead()) {
            for (Map.Entry<String, Long> each :
                    open.existing(partition).checkpoints().entrySet()) {
                print(each.getKey(), each.getValue());
            }
        }
    }

    private void change(String wanted) {
        try (Logs open = logs.openExistingToWrite()) {
            Partition log = open.existing(partition);
            Long place = offset;
            if (place != null) {
                log.checkpoint(wanted, place);
                print(wanted, place);
            } else if (!log.removeCheckpoint(wanted)) {
                throw unknown(partition, wanted, log.checkpoints());
            }
        }
    }

    private void print(String checkpoint, long place) {
        out().line(
                        isJson
                                ? new Json()
                                        .put("partition", partition.toString())
                                        .put("checkpoint", checkpoint)
                                        .put("offset", place)
                                        .toString()
                                : checkpoint + ' ' + place);
    }

    /** The error for a checkpoint that is not there, with those that may have been meant. */
    static CommandFailure unknown(PartitionId partition, String name, Map<String, Long> known) {
        List<String> near = NearNames.of(name, List.copyOf(known.keySet()));
        return new CommandFailure(
                ExitCode.NOT_FOUND,
                "CHECKPOINT_UNKNOWN",
                "no such checkpoint: partition=" + partition + " checkpoint=" + name + " checkpoints=" + known.size(),
                near.isEmpty()
                        ? "'wal checkpoint --data DIR " + partition + "' lists those there are"
                        : "did you mean " + String.join(", ", near) + '?');
    }
}
